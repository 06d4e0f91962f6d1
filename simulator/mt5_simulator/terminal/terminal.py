"""A terminal: logged in to one account, connected or not, answering calls.

It sees the broker's books through a view that can lag, freeze or be empty, and passes requests on
through whatever faults are set. The broker's truth never bends to it.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.broker import Broker
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.records import Deal, Order, Position
from mt5_simulator.broker.valuation import Valuation, valued
from mt5_simulator.clock import Clock
from mt5_simulator.face import constants
from mt5_simulator.terminal.faults import Fault, FaultKind, Faults
from mt5_simulator.terminal.view import Past, Snapshot, snapshot
from mt5_simulator.terminal.weather import Weather

PIPE_BROKEN = (constants.RES_E_INTERNAL_FAIL_SEND, "IPC send failed")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a terminal says of itself."""

    version: int = 500
    build: int = 5430
    released: str = "21 Nov 2025"
    name: str = "MetaTrader 5 Simulator"
    company: str = "Simulated Markets Ltd"
    path: str = "C:\\Program Files\\MetaTrader 5 Simulator"


@dataclass(frozen=True, slots=True)
class Hidden:
    """An order whose deals are not shown yet, and the positions that were shown before it."""

    ticket: int
    until: datetime
    before: tuple[Position, ...]


class Terminal:
    """One terminal on one broker. Safe to call from several threads, one call at a time."""

    def __init__(
        self, broker: Broker, clock: Clock, *, login: int, profile: Profile | None = None
    ) -> None:
        if login not in broker.accounts:
            raise ValueError(f"the broker has no account {login}")
        self.broker = broker
        self.clock = clock
        self.login = login
        self.profile = profile or Profile()
        self.faults = Faults()
        self.weather: Weather | None = None
        self.sends = 0
        self.selected = set(broker.market.symbols)
        self.booked: set[str] = set()
        self.request_id = 0
        self.lock = threading.RLock()
        self._is_investor = False
        self.pipe_error: tuple[int, str] | None = None  # of every call until `initialize`
        self._hidden: list[Hidden] = []
        self._history_empty_until: datetime | None = None
        self._frozen: Snapshot | None = None
        self._frozen_market: Market | None = None
        self._renames: list[tuple[str, str]] = []  # not heard of yet
        self._pasts: dict[int, Past] = {}
        broker.watchers.append(self._remember)
        broker.rename_watchers.append(self._hear_of_rename)
        self._remember(broker.now)

    @property
    def account(self) -> Account:
        return self.broker.accounts[self.login]

    @property
    def is_connected(self) -> bool:
        """Whether the terminal reaches its broker."""
        return self.faults.state(FaultKind.DISCONNECTED) is None

    def advance(self) -> datetime:
        """Let the broker move on to the present and return it."""
        now = self.clock.now()
        self.broker.advance(now)
        return now

    def set_fault(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        self.advance()
        if fault.kind is FaultKind.DISCONNECTED:
            self.freeze()
        self.faults.add(fault)

    def next_send_fault(self) -> Fault | None:
        """Return what goes wrong with the send that happens now: what is set, or else the weather.

        Counts the send.
        """
        self.sends += 1
        fault = self.faults.strike("order_send")
        if fault is None and self.weather is not None:
            return self.weather.fault_of(self.sends)
        return fault

    def clear_faults(self, kind: FaultKind | None = None) -> None:
        """End one kind of fault, or all and the weather that draws them.

        A terminal that reconnects learns what it missed.
        """
        self.faults.clear(kind)
        if kind is None:
            self.weather = None
        if self.is_connected:
            self.thaw()

    def restart(
        self, history_empty_for: timedelta = timedelta(0), *, breaks_pipe: bool = False
    ) -> None:
        """Start again, with an empty history for a while.

        Empty means an answer of `()` and success, which looks exactly like nothing ever happened.
        A restart that breaks the pipe makes every call fail until the next `initialize`, too.
        """
        now = self.advance()
        self.pipe_error = PIPE_BROKEN if breaks_pipe else None
        self._history_empty_until = now + history_empty_for

    @property
    def may_trade(self) -> bool:
        """Whether this login may trade: not one with the investor password."""
        investor = self._is_investor or self.faults.state(FaultKind.INVESTOR) is not None
        return self.account.terms.trade_allowed and not investor

    def log_in(self, login: int, *, as_investor: bool = False) -> None:
        """Switch to another account of the broker, as a person at the terminal can at any time.

        Raises KeyError for an account the broker does not have.
        """
        self.login = self.broker.accounts[login].terms.login
        self._is_investor = as_investor
        self._remember(self.broker.now)
        if self._frozen is not None:
            self._frozen = snapshot(self.account, self.broker.now)

    def freeze(self) -> None:
        """Stop learning: what is known now is what `seen` returns until `thaw`."""
        if self._frozen is not None:
            return
        self._frozen = self.seen(self.broker.now)
        self._frozen_market = self.broker.market.frozen()

    def thaw(self) -> None:
        """Learn everything that was missed."""
        self._frozen = None
        self._frozen_market = None
        self._show_renamed()

    @property
    def market(self) -> Market:
        """The market as this terminal knows it."""
        return self._frozen_market or self.broker.market

    def hide_deals(self, order: int, until: datetime, before: Sequence[Position]) -> None:
        """Show nothing of an order's deals and its end before `until`.

        `before` are the positions shown before it: those it touches stay as they were.
        """
        self._hidden.append(Hidden(order, until, tuple(before)))

    def seen(self, now: datetime) -> Snapshot:
        """Return the books as this terminal knows them."""
        if self._frozen is not None:
            return self._frozen
        past = self._pasts[self.login]
        lag = self.faults.state(FaultKind.LAG)
        if lag is None:
            self._remember(now)
            latest = past.latest
            assert latest is not None, "a state is remembered at every login"  # noqa: S101
            return latest
        return past.as_of(now - lag.delay)

    def seen_history(self, now: datetime) -> tuple[Iterable[Order], Iterable[Deal]]:
        """Return the finished orders and the deals this terminal knows of."""
        if self._history_empty_until is not None and now < self._history_empty_until:
            return (), ()
        books = self.seen(now)
        hidden = {order.ticket for order in self._hidden_orders(now)}
        return (
            (order for order in books.history if order.ticket not in hidden),
            (deal for deal in books.deals if deal.order not in hidden),
        )

    def seen_positions(self, now: datetime) -> list[Position]:
        """Return the open positions this terminal knows of."""
        books = self.seen(now)
        shown = {position.identifier: position for position in books.positions}
        for hidden in self._hidden_orders(now):
            before = {position.identifier: position for position in hidden.before}
            for deal in books.deals:
                if deal.order == hidden.ticket:
                    shown.pop(deal.position_id, None)
                    if deal.position_id in before:
                        shown[deal.position_id] = before[deal.position_id]
        return list(shown.values())

    def seen_account(self, now: datetime) -> Account:
        """Return the books as this terminal shows them, as if they were the broker's own."""
        books, (history, deals) = self._seen_holdings(now), self.seen_history(now)
        books.orders = {order.ticket: order for order in self.seen(now).orders}
        books.history = {order.ticket: order for order in history}
        books.deals = {deal.ticket: deal for deal in deals}
        return books

    def worth(self, now: datetime) -> Valuation:
        """Return the account's worth as this terminal computes it."""
        return valued(self._seen_holdings(now), self.market)

    def _seen_holdings(self, now: datetime) -> Account:
        """Return the shown positions and money alone."""
        books, hidden = self.seen(now), {order.ticket for order in self._hidden_orders(now)}
        unseen = (deal.amount for deal in books.deals if deal.order in hidden) if hidden else ()
        return Account(
            terms=self.account.terms,
            positions={position.ticket: position for position in self.seen_positions(now)},
            balance=books.balance - sum(unseen, Decimal(0)),
            credit=books.credit,
        )

    def _hidden_orders(self, now: datetime) -> list[Hidden]:
        self._hidden = [hidden for hidden in self._hidden if now < hidden.until]
        return self._hidden

    def _hear_of_rename(self, old: str, new: str) -> None:
        self._renames.append((old, new))
        if self._frozen is None:
            self._show_renamed()

    def _show_renamed(self) -> None:
        """Show by their new names what was shown by the old ones."""
        for shown, (old, new) in product((self.selected, self.booked), self._renames):
            if old in shown:
                shown.remove(old)
                shown.add(new)
        self._renames.clear()

    def _remember(self, now: datetime) -> None:
        past = self._pasts.setdefault(self.login, Past())
        latest = past.latest
        if latest is not None and latest.version == self.account.version:
            return
        if self.faults.state(FaultKind.LAG) is None:
            past.forget()
        past.remember(snapshot(self.account, now))
