"""What a guard sees of an account and of its market."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Direction(StrEnum):
    """Which way a position goes."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class PositionView:
    """An open position. `volume` in lots."""

    ticket: int
    symbol: str
    direction: Direction
    volume: Decimal
    # What it loses from now on, in account currency, when its stop is hit; None: it has no stop.
    risk: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account at one moment, in its own currency, as its terminal showed it."""

    at: datetime
    balance: Decimal
    equity: Decimal
    margin: Decimal
    positions: Sequence[PositionView] = ()
    # What may still become a position: pending orders at the broker, openings on their way there.
    pending: int = 0
    # Everything ever deposited less everything withdrawn, as far as `balance` holds it.
    # None: the history does not add up to the balance, so that nobody knows.
    net_deposits: Decimal | None = None

    @property
    def margin_level(self) -> Decimal | None:
        """Return equity over margin in percent; None: no margin is in use."""
        return self.equity / self.margin * 100 if self.margin > 0 else None


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A symbol's prices at one moment."""

    symbol: str
    at: datetime
    bid: Decimal
    ask: Decimal
    session_open: bool = True

    @property
    def middle(self) -> Decimal:
        return (self.bid + self.ask) / 2
