"""What a terminal believes about its account: the truth as it was some time ago, or stopped."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.records import Deal, Order, Position

SNAPSHOTS_MAX = 1_000
"""How many past states a terminal can look back on; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One account's books at a moment."""

    taken_at: datetime
    login: int
    version: int
    orders: tuple[Order, ...]
    history: tuple[Order, ...]
    deals: tuple[Deal, ...]
    positions: tuple[Position, ...]
    balance: Decimal
    credit: Decimal


def snapshot(account: Account, now: datetime) -> Snapshot:
    return Snapshot(
        taken_at=now,
        login=account.terms.login,
        version=account.version,
        orders=tuple(account.orders.values()),
        history=tuple(account.history.values()),
        deals=tuple(account.deals.values()),
        positions=tuple(account.positions.values()),
        balance=account.balance,
        credit=account.credit,
    )


class Past:
    """The states of one account a lagging terminal may still show."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque(maxlen=SNAPSHOTS_MAX)

    def remember(self, taken: Snapshot) -> None:
        self._snapshots.append(taken)

    @property
    def latest(self) -> Snapshot | None:
        return self._snapshots[-1] if self._snapshots else None

    def as_of(self, moment: datetime) -> Snapshot:
        """Return the last state at or before `moment`, or the oldest one known."""
        for taken in reversed(self._snapshots):
            if taken.taken_at <= moment:
                return taken
        return self._snapshots[0]

    def forget(self) -> None:
        """Drop every state: nobody looks back."""
        self._snapshots.clear()
