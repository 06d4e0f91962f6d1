"""The dealing desk: orders become deals, deals change positions, money is booked."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker import fills
from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import (
    DealType,
    Entry,
    Filling,
    OrderState,
    OrderType,
    Reason,
    Side,
    TimePolicy,
)
from mt5_simulator.broker.fills import Effect, Fill
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.money import RoundTrip
from mt5_simulator.broker.records import Deal, Order, Position
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.broker.valuation import (
    NoRate,
    margin_in_account,
    margin_of,
    profit_in_account,
    valued,
)

ZERO = Decimal(0)


@dataclass(slots=True)
class Tickets:
    """The next free numbers. Orders and deals count separately, as on a real server."""

    order: int = 50_000_001
    deal: int = 40_000_001

    def next_order(self) -> int:
        self.order += 1
        return self.order - 1

    def next_deal(self) -> int:
        self.deal += 1
        return self.deal - 1


class Desk:
    """Executes what the rules let through."""

    def __init__(self, market: Market, tickets: Tickets) -> None:
        self.market = market
        self.tickets = tickets

    def fill(self, account: Account, order: Order, now: datetime) -> tuple[Order, list[Deal]]:
        """Fill as much of `order` as the market offers and its filling policy takes.

        Returns the order as it stands and its new deals. An order that is not done with (a RETURN
        order with volume left) keeps working; any other is final and in the history.
        """
        closing = self._closing_only(account, order)
        if not closing.volume_current:
            # Nothing of it was done, and its history says so.
            return self.conclude(account, order, OrderState.CANCELED, now), []
        # What its position has not left cannot be done any more, and stays in its history.
        surplus = order.volume_current - closing.volume_current
        order = closing
        symbol = self.market.symbols[order.symbol]
        offers = self.market.offers(symbol, order.side, order.volume_current)
        available = sum((volume for volume, _ in offers), ZERO)
        if order.filling is Filling.FOK and available < order.volume_current:
            return self.conclude(account, order, OrderState.CANCELED, now), []
        deals = [
            self._trade(account, Fill(order, order.side, volume, price, now))
            for volume, price in offers
        ]
        order = replace(
            order,
            volume_current=order.volume_current - available,
            price=order.price or (deals[0].price if deals else ZERO),
            # What closes one position and opens the next ends up belonging to the next.
            position_id=deals[-1].position_id if deals else order.position_id,
        )
        is_done = not order.volume_current
        order = replace(order, volume_current=order.volume_current + surplus)
        if is_done:
            end = OrderState.CANCELED if surplus else OrderState.FILLED
            return self.conclude(account, order, end, now), deals
        if order.filling is Filling.RETURN:
            order = replace(order, state=OrderState.PARTIAL if deals else OrderState.PLACED)
            account.work(order)
            return order, deals
        return self.conclude(account, order, OrderState.CANCELED, now), deals

    def _closing_only(self, account: Account, order: Order) -> Order:
        """Return the order with no more volume than the position it is to close has left.

        Between a close that was accepted and its fill the position may have shrunk or gone; what
        is left of the order must not open another.
        """
        if not account.is_hedging or order.position_id in {0, order.ticket}:
            return order
        left = sum(
            position.volume
            for position in account.positions.values()
            if position.identifier == order.position_id
        )
        return replace(order, volume_current=min(order.volume_current, Decimal(left)))

    def conclude(self, account: Account, order: Order, state: OrderState, now: datetime) -> Order:
        """Give the order its final state and move it to the history."""
        order = replace(order, state=state, done_at=now)
        account.finish(order)
        return order

    def close(
        self, account: Account, position: Position, reason: Reason, comment: str, now: datetime
    ) -> Deal:
        """Close a whole position at the market, for a reason of the server's own."""
        order = Order(
            ticket=self.tickets.next_order(),
            symbol=position.symbol,
            type=OrderType(position.side.opposite.value),
            state=OrderState.STARTED,
            filling=Filling.FOK,
            time_policy=TimePolicy.GTC,
            set_up_at=now,
            volume_initial=position.volume,
            volume_current=ZERO,
            price=ZERO,
            reason=reason,
            magic=position.magic,
            comment=comment,
            position_id=position.identifier,
        )
        price = self.market.closing_price(position.symbol, position.side)
        assert price is not None, "a position closes only on a quote"  # noqa: S101
        order = replace(order, price=price)
        deal = self._trade(account, Fill(order, order.side, position.volume, price, now), position)
        self.conclude(account, order, OrderState.FILLED, now)
        return deal

    def close_by(
        self, account: Account, order: Order, position: Position, other: Position
    ) -> list[Deal]:
        """Close two opposite positions against each other: one order, two deals.

        The first deal closes `position` at the other's opening price and carries the profit; the
        second closes `other` at its own price and carries none.
        """
        volume = min(position.volume, other.volume)
        now = order.set_up_at
        deals = [
            self._book(
                account,
                Fill(order, closed.side.opposite, volume, other.price_open, now),
                fills.reduced(
                    Fill(order, closed.side.opposite, volume, other.price_open, now),
                    closed,
                    Entry.OUT_BY,
                ),
            )
            for closed in (position, other)
        ]
        self.conclude(account, replace(order, volume_current=ZERO), OrderState.FILLED, now)
        return deals

    def carries(self, account: Account, order: Order) -> bool:
        """Whether a waiting order can be filled: the account's margin and its limit carry it."""
        adds = bool(order.position_id) or account.may_open(order.symbol)
        return adds and self.affordable(account, order)

    def affordable(self, account: Account, order: Order) -> bool:
        """Whether the account's free margin carries the order. Closing is always affordable."""
        symbol = self.market.symbols[order.symbol]
        quote = self.market.quotes[order.symbol]
        price = quote.ask if order.side is Side.BUY else quote.bid
        present = valued(account, self.market)
        held = [*account.positions.values()]
        if not self._computable(account, symbol, order.volume_current, price):
            return False
        probe = Fill(order, order.side, order.volume_current, price, order.set_up_at)
        effect = self._effect(account, probe, None)
        if effect.before is not None:
            held.remove(effect.before)
        if effect.after is not None:
            held.append(effect.after)
        opened = order.volume_current - effect.closed
        needed = margin_of(account, self.market, held) + self._to_open(
            account, symbol, opened, price
        )
        return needed <= present.margin or needed <= present.equity

    def _to_open(
        self, account: Account, symbol: Symbol, volume: Decimal, price: Decimal
    ) -> Decimal:
        """Return how much more margin opening a volume needs than holding it."""
        if not symbol.margin_maintenance:
            return ZERO
        initial, held = (
            margin_in_account(
                account, self.market, symbol, volume=volume, price=price, held=is_held
            )
            for is_held in (False, True)
        )
        return initial - held

    def _computable(
        self, account: Account, symbol: Symbol, volume: Decimal, price: Decimal
    ) -> bool:
        """Whether prices connect the symbol's currencies with the account's."""
        try:
            margin_in_account(account, self.market, symbol, volume=volume, price=price)
            profit_in_account(
                account,
                self.market,
                symbol,
                RoundTrip(Side.BUY, volume, price, price + symbol.price_step),
            )
        except NoRate:
            return False
        return True

    def _trade(self, account: Account, fill: Fill, position: Position | None = None) -> Deal:
        return self._book(account, fill, self._effect(account, fill, position))

    def _effect(self, account: Account, fill: Fill, position: Position | None) -> Effect:
        order = fill.order
        if not account.is_hedging:
            return fills.netted(fill, account.net_position(order.symbol))
        if position is None:
            identifier = order.position_id or order.ticket
            position = next(
                (held for held in account.positions.values() if held.identifier == identifier),
                None,
            )
        if position is None:
            return fills.opened(fill)
        if position.side is fill.side:
            return fills.added(fill, position)
        return fills.reduced(fill, position)

    def _book(self, account: Account, fill: Fill, effect: Effect) -> Deal:
        """Enter the deal and change the position."""
        order, terms = fill.order, account.terms
        deal = Deal(
            ticket=self.tickets.next_deal(),
            order=order.ticket,
            time=fill.time,
            type=DealType(fill.side.value),
            entry=effect.entry,
            reason=order.reason,
            symbol=order.symbol,
            volume=fill.volume,
            price=fill.price,
            profit=self._realised(account, fill, effect),
            commission=terms.rounded(-terms.commission_per_lot * fill.volume),
            swap=terms.rounded(effect.swap),
            magic=order.magic,
            position_id=effect.position_id,
            comment=order.comment,
        )
        account.record(deal)
        before, after = effect.before, effect.after
        # A position that only shrinks or grows keeps its place: the order of positions is their
        # age, and first-in-first-out accounts go by it.
        if before is not None and (after is None or after.ticket != before.ticket):
            account.drop(before)
        if after is not None:
            account.hold(after)
        return deal

    def _realised(self, account: Account, fill: Fill, effect: Effect) -> Decimal:
        if effect.before is None or not effect.closed:
            return ZERO
        symbol = self.market.symbols[fill.order.symbol]
        before = effect.before
        trip = RoundTrip(before.side, effect.closed, before.price_open, fill.price)
        return profit_in_account(account, self.market, symbol, trip)
