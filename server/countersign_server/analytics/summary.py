"""The figures that do not depend on the order of deals, of one history or of several together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from countersign_server.analytics.counted import DaySum
from countersign_server.analytics.days import Day, every_day, growth_of
from countersign_server.analytics.trade_figures import TradeFigures

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums in one currency. A trade that closed at zero is won."""

    trades: int = 0
    deals: int = 0
    won: int = 0
    balance: Decimal = _ZERO
    gross_profit: Decimal = _ZERO
    gross_loss: Decimal = _ZERO  # zero or less

    @classmethod
    def of(cls, figures: TradeFigures) -> "Summary":
        return cls(
            figures.trades,
            figures.deals,
            figures.outcomes.wins.trades,
            figures.balance,
            figures.gross_profit,
            figures.gross_loss,
        )

    def __add__(self, other: "Summary") -> "Summary":
        return Summary(
            self.trades + other.trades,
            self.deals + other.deals,
            self.won + other.won,
            self.balance + other.balance,
            self.gross_profit + other.gross_profit,
            self.gross_loss + other.gross_loss,
        )

    @property
    def net_profit(self) -> Decimal:
        return self.gross_profit + self.gross_loss

    @property
    def profit_factor(self) -> Decimal | None:
        """Return gross profit over gross loss; None: nothing was lost."""
        return self.gross_profit / -self.gross_loss if self.gross_loss else None

    @property
    def expected_payoff(self) -> Decimal | None:
        return self.net_profit / self.trades if self.trades else None

    @property
    def payoff_ratio(self) -> Decimal | None:
        """Return the average profit over the average loss; None: one of them is missing."""
        lost = self.trades - self.won
        if not self.won or not lost or not self.gross_loss:
            return None
        return self.gross_profit / self.won / (-self.gross_loss / lost)

    @property
    def win_rate(self) -> Decimal | None:
        """Return the fraction of trades won; None: there was none."""
        return Decimal(self.won) / self.trades if self.trades else None


@dataclass(frozen=True, slots=True)
class Month:
    """One month: what was traded, what was paid, and its growth as a fraction; None: of nothing."""

    year: int
    month: int
    result: Decimal
    paid: Decimal
    growth: Decimal | None


def days_of(sums: Mapping[date, DaySum], *, opening: Decimal = _ZERO) -> Sequence[Day]:
    """Return every day from the first to the last. `opening`: the balance that the first found."""
    return every_day(Day(day, opening, one.paid, one.result) for day, one in sorted(sums.items()))


def together(histories: Iterable[Sequence[Day]]) -> Sequence[Day]:
    """Return several accounts' days as if they were one account's.

    What an account began with counts as paid in on its first day.
    """
    sums: dict[date, DaySum] = {}
    for days in histories:
        for number, day in enumerate(days):
            paid = day.payments + (_ZERO if number else day.opening)
            before = sums.get(day.day, DaySum())
            sums[day.day] = DaySum(before.paid + paid, before.result + day.result)
    return days_of(sums)


def months_of(days: Sequence[Day]) -> Sequence[Month]:
    """Return every month of the days, oldest first."""
    by_month: dict[tuple[int, int], list[Day]] = {}
    for day in days:
        by_month.setdefault((day.day.year, day.day.month), []).append(day)
    return [
        Month(
            year,
            month,
            sum((day.result for day in within), _ZERO),
            sum((day.payments for day in within), _ZERO),
            growth_of(within) if any(day.growth is not None for day in within) else None,
        )
        for (year, month), within in by_month.items()
    ]
