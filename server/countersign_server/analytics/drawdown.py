"""How far a balance or an equity fell from its peak."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fall:
    """From a peak to what followed. `fraction` None: the peak was not above zero."""

    amount: Decimal = _ZERO
    peak: Decimal = _ZERO

    @property
    def fraction(self) -> Decimal | None:
        return self.amount / self.peak if self.peak > 0 else None


@dataclass(frozen=True, slots=True)
class Drawdown:
    """MetaTrader's three: below the start, the most money, and the largest fraction.

    A deposit or a withdrawal moves start and peak along.
    """

    start: Decimal
    peak: Decimal
    value: Decimal
    lowest: Decimal  # below the start, the furthest: zero or less
    maximal: Fall = field(default_factory=Fall)  # the most money
    relative: Fall = field(default_factory=Fall)  # the largest fraction

    @classmethod
    def beginning(cls, value: Decimal) -> "Drawdown":
        return cls(value, value, value, _ZERO)

    def after(self, value: Decimal) -> "Drawdown":
        """Return the drawdown after trading brought the account to `value`."""
        peak = max(self.peak, value)
        fall = Fall(peak - value, peak)
        return replace(
            self,
            peak=peak,
            value=value,
            lowest=min(self.lowest, value - self.start),
            maximal=fall if fall.amount > self.maximal.amount else self.maximal,
            relative=fall if _more(fall, self.relative) else self.relative,
        )

    def after_payment(self, amount: Decimal) -> "Drawdown":
        """Return the drawdown after a deposit, or a withdrawal if `amount` is negative."""
        return replace(
            self,
            start=self.start + amount,
            peak=self.peak + amount,
            value=self.value + amount,
        )

    @property
    def absolute(self) -> Decimal:
        """Return the furthest that the account was below its start."""
        return -self.lowest


def _more(fall: Fall, than: Fall) -> bool:
    return fall.fraction is not None and fall.fraction > (than.fraction or _ZERO)
