"""The same trades by symbol, by side, by hour, by weekday, by month: each part with its figures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from countersign_server.analytics.history import HistoryDeal

_ZERO = Decimal(0)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class By(StrEnum):
    """What trades are told apart by. Times are the broker's, of the closing deal."""

    SYMBOL = "symbol"
    SIDE = "side"
    HOUR = "hour"
    WEEKDAY = "weekday"
    MONTH = "month"


_KEYS: Mapping[By, Callable[[HistoryDeal], str]] = MappingProxyType(
    {
        By.SYMBOL: lambda deal: deal.symbol,
        By.SIDE: lambda deal: "short" if deal.closes_short else "long",
        By.HOUR: lambda deal: f"{deal.time:%H}",
        By.WEEKDAY: lambda deal: WEEKDAYS[deal.time.weekday()],
        By.MONTH: lambda deal: f"{deal.time:%Y-%m}",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """Trades of one kind. A result of exactly 0 is a win, as in MetaTrader."""

    trades: int = 0
    won: int = 0
    gross_profit: Decimal = _ZERO
    gross_loss: Decimal = _ZERO
    volume: Decimal = _ZERO

    def after(self, deal: HistoryDeal) -> "Part":
        result = deal.result
        is_win = result >= 0
        return Part(
            self.trades + 1,
            self.won + is_win,
            self.gross_profit + (result if is_win else _ZERO),
            self.gross_loss + (_ZERO if is_win else result),
            self.volume + deal.volume,
        )

    @property
    def net_profit(self) -> Decimal:
        return self.gross_profit + self.gross_loss

    @property
    def profit_factor(self) -> Decimal | None:
        """Return gross profit over gross loss; None: nothing was lost."""
        return self.gross_profit / -self.gross_loss if self.gross_loss else None


def part_of(by: By, deal: HistoryDeal) -> str:
    """Return the part that a trade belongs to."""
    return _KEYS[by](deal)


def breakdown_of(deals: Iterable[HistoryDeal], by: By) -> Mapping[str, Part]:
    """Return the parts of a history's trades. Commission on entries belongs to none of them."""
    parts: dict[str, Part] = {}
    for deal in deals:
        if deal.is_trade:
            key = part_of(by, deal)
            parts[key] = parts.get(key, Part()).after(deal)
    return dict(sorted(parts.items()))
