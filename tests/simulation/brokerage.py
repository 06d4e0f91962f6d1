"""The broker: the one truth of a run, and what people and markets do there without us."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from mt5_simulator.broker.account import Account, Terms
from mt5_simulator.broker.broker import Broker, Received
from mt5_simulator.broker.catalogue import EURUSD
from mt5_simulator.broker.codes import (
    Action,
    Entry,
    Filling,
    FillingMask,
    OrderState,
    OrderType,
    Reason,
)
from mt5_simulator.broker.records import Deal, Request
from tests.simulation.kernel import Kernel

LOGIN, OTHER_LOGIN = 1_000_001, 1_000_002
SERVER = "Sim-Demo"
SYMBOL = "EURUSD"
_OFFSET = timedelta(hours=2)
_PRICE_EVERY = 2.0


class Brokerage:
    """A broker with our account and another's, and one symbol whose price moves."""

    def __init__(self, kernel: Kernel, *, partial_fills: bool) -> None:
        filling = FillingMask.IOC if partial_fills else EURUSD.filling
        self._kernel = kernel
        self._chance = kernel.chance("prices")
        self.broker = Broker(
            [Terms(login=login, server=SERVER) for login in (LOGIN, OTHER_LOGIN)],
            now=kernel.now(),
            symbols=[replace(EURUSD, filling=filling)],
            server_offset=_OFFSET,
        )
        for login in (LOGIN, OTHER_LOGIN):
            self.broker.transfer(login, Decimal(10_000), comment="deposit")
        self._bid = EURUSD.start_price
        self._seen = 0
        self.watch: Callable[[Received], None] = lambda _: None
        kernel.after(_PRICE_EVERY, self._move)

    @property
    def account(self) -> Account:
        return self.broker.accounts[LOGIN]

    @property
    def prices(self) -> tuple[Decimal, Decimal]:
        """The bid and the ask."""
        quote = self.broker.market.quotes[SYMBOL]
        return quote.bid, quote.ask

    def advance(self) -> None:
        """Let what was put off happen up to now."""
        self.broker.advance(self._kernel.now())

    def tell_received(self) -> None:
        """Tell whoever watches of each request that has reached the broker since the last time."""
        while self._seen < len(self.broker.received):
            self._seen += 1
            self.watch(self.broker.received[self._seen - 1])

    def jump(self, points: int) -> None:
        """Let the price move at once."""
        self.advance()
        self._bid += points * EURUSD.point
        spread = EURUSD.spread_points * EURUSD.point
        self.broker.set_price(SYMBOL, self._bid, self._bid + spread)

    def close_by_hand(self, size: float) -> None:
        """Close one of our positions as from a phone. `size` chooses which."""
        self.advance()
        held = list(self.account.positions.values())
        if held:
            chosen = held[int(size * len(held))]
            self.broker.close_position(LOGIN, chosen.ticket, Reason.MOBILE)

    def open_by_hand(self, *, is_buy: bool) -> None:
        """Open four lots as from a phone."""
        self.advance()
        request = Request(
            action=Action.DEAL,
            symbol=SYMBOL,
            volume=Decimal(4),
            type=OrderType.BUY if is_buy else OrderType.SELL,
            price=self.prices[1] if is_buy else self.prices[0],
            deviation=1000,
            type_filling=Filling.IOC,
            reason=Reason.MOBILE,
        )
        self.broker.send(LOGIN, request)

    def reopen(self, size: float) -> None:
        """Give one of our positions another ticket, as a swap by re-opening does."""
        self.advance()
        held = list(self.account.positions.values())
        if held:
            self.broker.reopen_position(LOGIN, held[int(size * len(held))].ticket)

    def pay_in(self) -> None:
        self.advance()
        self.broker.transfer(LOGIN, Decimal("12.34"), comment="paid in")

    def trades_of(self, magic: int, entry: Entry) -> list[Deal]:
        """Return the deals of a tag that went into a position, or out of one."""
        deals = self.account.deals.values()
        return [deal for deal in deals if deal.magic == magic and deal.entry is entry]

    def may_still_trade(self, magic: int) -> bool:
        """Whether an order of the tag works, or a request of it is put off."""
        orders = any(order.magic == magic for order in self.account.orders.values())
        # A request that became an order is over with it.
        requests = [step.request for step in self.broker.put_off if not step.ticket]
        return orders or any(request.magic == magic for request in requests)

    def is_cancelled(self, magic: int) -> bool:
        """Whether an order of the tag was cancelled, by whomever."""
        history = self.account.history.values()
        return any(one.magic == magic and one.state is OrderState.CANCELED for one in history)

    @property
    def is_quiet(self) -> bool:
        """Whether the broker has put nothing off."""
        return not self.broker.put_off

    def broker_now(self) -> datetime:
        return self._kernel.now() + _OFFSET

    def _move(self) -> None:
        self.jump(self._chance.randint(-6, 6))
        self._kernel.after(_PRICE_EVERY, self._move)
