"""What the guard sees, made of what was read of the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_bridge.clock import Moment
from countersign_bridge.intents import Side
from countersign_bridge.terminal.jobs import SnapshotAnswer
from countersign_bridge.terminal.views import AccountView, DealType, DealView, TickView
from countersign_guards.view import (
    AccountView as SeenAccount,
    Direction,
    PositionView as SeenPosition,
    QuoteView,
)

# A clock further ahead than this has stood still in between, or has been set; smaller differences
# are its own.
_AHEAD_MAX = timedelta(seconds=30)
_NEXT = timedelta(microseconds=1)
# What moves money in or out without any trading; what a trade earns or costs does not.
_PAYMENTS = (DealType.BALANCE, DealType.CORRECTION, DealType.BONUS)
_DIRECTIONS = {Side.BUY: Direction.BUY, Side.SELL: Direction.SELL}


class GuardClock:
    """A clock that never goes back: what a guard saw earlier stays earlier.

    It goes by the steady clock, so that setting the other neither blinds a guard nor cuts its alert
    short; only after the machine has stood still it takes the other's word.
    """

    def __init__(self, now: Moment, *, seen: datetime | None) -> None:
        self._steady = now.monotonic
        self._at = now.utc if seen is None else max(now.utc, seen + _NEXT)

    def at(self, now: Moment) -> datetime:
        """Return what time it is for the guard, in UTC."""
        self._at += timedelta(seconds=max(0.0, now.monotonic - self._steady))
        self._steady = now.monotonic
        if now.utc - self._at > _AHEAD_MAX:
            self._at = now.utc
        return self._at


@dataclass(slots=True)
class Funds:
    """What the deals seen so far did to the balance, and how much of that was paid in or out."""

    total: Decimal = Decimal(0)
    paid_in: Decimal = Decimal(0)
    _seen: set[int] = field(default_factory=set[int])

    def add(self, deals: Iterable[DealView]) -> None:
        for deal in deals:
            if deal.ticket in self._seen:
                continue
            self._seen.add(deal.ticket)
            self.total += deal.effect
            if deal.type in _PAYMENTS:
                self.paid_in += deal.effect

    def net_deposits(self, account: AccountView) -> Decimal | None:
        """Return what was paid in less what was paid out; None: the deals are not all there."""
        smallest = Decimal(1).scaleb(-account.currency_digits)
        return self.paid_in if abs(account.balance - self.total) < smallest else None


class Prices:
    """When each price came. The terminal shows an old price as readily as a new one."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[TickView, datetime]] = {}

    def seen(self, ticks: Iterable[TickView], at: datetime) -> list[QuoteView]:
        """Return the prices as the guard knows them, each of the moment it was first shown."""
        quotes: list[QuoteView] = []
        for tick in ticks:
            known = self._newest.get(tick.symbol)
            if known is None or known[0] != tick:
                known = self._newest[tick.symbol] = (tick, at)
            quotes.append(QuoteView(tick.symbol, known[1], tick.bid, tick.ask))
        return quotes

    def time_ms(self, symbol: str) -> int:
        """Return the broker's time of a symbol's newest price; 0: there was none."""
        known = self._newest.get(symbol)
        return known[0].broker_time_ms if known else 0


def is_believable(read: SnapshotAnswer) -> bool:
    """Whether a reading shows the account as it is and not as the terminal remembers it.

    A terminal that has just started may show no positions yet; the margin tells.
    """
    return read.terminal.connected and bool(read.positions or not read.account.margin)


def seen_account(
    read: SnapshotAnswer, *, at: datetime, net_deposits: Decimal | None, openings: int
) -> SeenAccount:
    """Return a reading as the guard judges it. `openings`: orders on their way that may open."""
    return SeenAccount(
        at=at,
        balance=read.account.balance,
        equity=read.account.equity,
        margin=read.account.margin,
        positions=[
            SeenPosition(one.ticket, one.symbol, _DIRECTIONS[one.side], one.volume)
            for one in read.positions
        ],
        pending=len(read.orders) + openings,
        net_deposits=net_deposits,
    )
