"""Day by day: growth without deposits and withdrawals, and the ratios that are counted in days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

_ZERO, _ONE = Decimal(0), Decimal(1)
_DAYS_PER_YEAR = 365
_PRECISION = 34
# No account trades for longer: what is further apart has a time that cannot be right.
FILLED_DAYS_MAX = 60 * 366


@dataclass(frozen=True, slots=True)
class Day:
    """One day of an account, in its currency. Payments are deposits less withdrawals."""

    day: date
    opening: Decimal
    payments: Decimal = _ZERO
    result: Decimal = _ZERO

    @property
    def closing(self) -> Decimal:
        return self.opening + self.payments + self.result

    @property
    def growth(self) -> Decimal | None:
        """Return the day's result as a fraction of what it was made with; None: nothing was there.

        Payments count as made before the day's trades, whichever way they went, as they do where
        growth is measured between the moments of payment and a day is the shortest measure.
        """
        invested = self.opening + self.payments
        return self.result / invested if invested > 0 else None


def every_day(days: Iterable[Day]) -> Sequence[Day]:
    """Return the days without gaps: on those in between nothing happened, and they count.

    If the last is more than FILLED_DAYS_MAX after the first, the gaps stay as they are.
    """
    known = sorted(days, key=lambda one: one.day)
    fills = bool(known) and (known[-1].day - known[0].day).days <= FILLED_DAYS_MAX
    whole: list[Day] = []
    for day in known:
        while fills and whole and whole[-1].day + timedelta(days=1) < day.day:
            whole.append(Day(whole[-1].day + timedelta(days=1), whole[-1].closing))
        whole.append(replace(day, opening=whole[-1].closing) if whole else day)
    return whole


@dataclass(frozen=True, slots=True)
class Underwater:
    """The deepest fall of the growth curve, and the longest time below a peak."""

    deepest: Decimal = _ZERO  # a fraction
    longest_days: int = 0
    share: Decimal = _ZERO  # of all days that ended below a peak


def growth_of(days: Sequence[Day]) -> Decimal:
    """Return the time-weighted growth over the days: 0.1 is ten percent."""
    with localcontext(prec=_PRECISION):
        factor = _ONE
        for day in days:
            factor *= _ONE + (day.growth or _ZERO)
        return factor - _ONE


def underwater_of(days: Sequence[Day]) -> Underwater:
    """Return how far and how long the growth curve stayed below its peak; it begins at 1."""
    value = peak = _ONE
    deepest, longest, below, run = _ZERO, 0, 0, 0
    for day in days:
        value *= _ONE + (day.growth or _ZERO)
        peak = max(peak, value)
        run = run + 1 if value < peak else 0
        below += value < peak
        longest = max(longest, run)
        deepest = max(deepest, _ONE - value / peak if peak else _ZERO)
    return Underwater(deepest, longest, Decimal(below) / len(days) if days else _ZERO)


def sharpe_of(days: Sequence[Day]) -> Decimal | None:
    """Return mean over standard deviation of daily growth, annualised; None: nothing varied."""
    returns = [day.growth or _ZERO for day in days]
    return _ratio(returns, _deviation(returns))


def sortino_of(days: Sequence[Day]) -> Decimal | None:
    """Return mean over downside deviation of daily growth, annualised; None: no day lost."""
    returns = [day.growth or _ZERO for day in days]
    if not returns:
        return None
    downside = (sum((min(one, _ZERO) ** 2 for one in returns), _ZERO) / len(returns)).sqrt()
    return _ratio(returns, downside)


def calmar_of(days: Sequence[Day]) -> Decimal | None:
    """Return growth per year over the deepest fall; None: it never fell, or no day has passed."""
    deepest = underwater_of(days).deepest
    yearly = yearly_growth_of(days)
    return yearly / deepest if deepest and yearly is not None else None


def yearly_growth_of(days: Sequence[Day]) -> Decimal | None:
    """Return the growth that, year upon year, comes to that of the days; None: no day."""
    if not days:
        return None
    with localcontext(prec=_PRECISION):
        factor = _ONE + growth_of(days)
        if factor <= 0:
            return -_ONE
        return factor ** (Decimal(_DAYS_PER_YEAR) / len(days)) - _ONE


def _deviation(values: Sequence[Decimal]) -> Decimal:
    """Return the sample standard deviation; of fewer than two values, zero."""
    if len(values) <= 1:
        return _ZERO
    mean = sum(values, _ZERO) / len(values)
    return (sum(((one - mean) ** 2 for one in values), _ZERO) / (len(values) - 1)).sqrt()


def _ratio(values: Sequence[Decimal], spread: Decimal) -> Decimal | None:
    if not values or not spread:
        return None
    mean = sum(values, _ZERO) / len(values)
    return mean / spread * Decimal(_DAYS_PER_YEAR).sqrt()
