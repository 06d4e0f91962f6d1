"""The straight line through a balance curve, kept as sums so that one more point costs the same."""

from dataclasses import dataclass
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """Sums over the points: the opening balance, then the balance after each trade.

    MetaTrader numbers them 0, 1, 2, ... for the standard error, and 0, 0, 1, 2, ... for the
    correlation. `first` is what every balance is measured from, which keeps the sums small.
    """

    first: Decimal
    points: int = 1
    y: Decimal = _ZERO
    yy: Decimal = _ZERO
    xy: Decimal = _ZERO  # numbered 0, 1, 2, ...

    def after(self, balance: Decimal) -> "BalanceLine":
        """Return the line with one more point."""
        above = balance - self.first
        return BalanceLine(
            self.first,
            self.points + 1,
            self.y + above,
            self.yy + above * above,
            self.xy + self.points * above,
        )

    @property
    def standard_error(self) -> Decimal | None:
        """Return sqrt(SSE / (N - 2)); None: fewer than three points."""
        n = self.points
        if n <= 2:  # noqa: PLR2004  # any two points lie on a line
            return None
        sx, sxx = _sums(n)
        slope = (n * self.xy - sx * self.y) / (n * sxx - sx * sx)
        intercept = (self.y - slope * sx) / n
        sse = self.yy - intercept * self.y - slope * self.xy
        return (max(sse, _ZERO) / (n - 2)).sqrt()

    @property
    def correlation(self) -> Decimal | None:
        """Return Pearson's over the points numbered 0, 0, 1, 2, ...; None: the curve is flat."""
        n = self.points
        sx, sxx = _sums(n - 1)
        # The first point's balance is the origin, so that only the others' numbers count here.
        xy = self.xy - self.y
        spread = (n * sxx - sx * sx) * (n * self.yy - self.y * self.y)
        return (n * xy - sx * self.y) / spread.sqrt() if spread > 0 else None


def _sums(n: int) -> tuple[Decimal, Decimal]:
    """Return the sum of 0 ... n-1 and of their squares."""
    return Decimal(n * (n - 1) // 2), Decimal((n - 1) * n * (2 * n - 1) // 6)
