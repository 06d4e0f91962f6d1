"""The two sides of every comparison: what a terminal holds, and what our book says it should."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position as a terminal shows it."""

    identifier: int  # stable for the position's life; the ticket may change
    magic: int  # of the order that opened it; 0: opened by hand
    symbol: str  # as the broker names it
    side: str  # "buy", "sell"
    volume: Decimal  # lots
    entry_price: Decimal
    stop_loss: Decimal | None = None  # None: none set
    take_profit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Our record of a position's life: what our commands opened and have not closed.

    Several commands share one position on a netting account; the first of them names the trade.
    """

    command_id: UUID
    magics: tuple[int, ...]  # of every attempt of every command that opened it
    position_id: int  # 0: not known yet
    symbol: str  # as the broker names it, or the instrument
    side: str
    volume: Decimal  # lots, more than zero
    entry_price: Decimal
    pip: Decimal  # what one pip of the symbol is, as a price: more than zero
