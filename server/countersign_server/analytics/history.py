"""An account's history as the statistics read it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class DealKind(StrEnum):
    """What a deal is."""

    BUY = "buy"
    SELL = "sell"
    BALANCE = "balance"  # a deposit or a withdrawal
    OTHER = "other"  # credit, charge, correction, bonus, dividend: it moves the balance only


class DealEntry(StrEnum):
    """What a buy or a sell does to its position."""

    IN = "in"
    OUT = "out"
    REVERSE = "in-out"
    OUT_BY = "out-by"
    NONE = ""


@dataclass(frozen=True, slots=True)
class HistoryDeal:
    """One deal. Money in account currency, `volume` in lots; `time` is the broker's."""

    ticket: int
    time: datetime
    kind: DealKind
    entry: DealEntry = DealEntry.NONE
    symbol: str = ""
    volume: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    profit: Decimal = Decimal(0)
    swap: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    position_id: int = 0

    @property
    def result(self) -> Decimal:
        """Return what the deal did to the balance."""
        return self.profit + self.swap + self.commission + self.fee

    @property
    def is_trade(self) -> bool:
        """Whether it ends a position or a part of one: MetaTrader counts these as trades."""
        return self.entry in (DealEntry.OUT, DealEntry.REVERSE, DealEntry.OUT_BY)

    @property
    def closes_short(self) -> bool:
        """Whether what it closes was sold: the opposite of its own side."""
        return self.kind is DealKind.BUY
