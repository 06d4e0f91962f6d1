"""Readings of equity as points of a curve."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from countersign_server.charts.spec import EquityPoint

# The hour, balance, equity, and everything that was paid in and out by then.
EquityRow = tuple[datetime, Decimal, Decimal, Decimal]


def points_from(hours: Iterable[EquityRow]) -> list[EquityPoint]:
    """Return hours as points: what was paid between two of them was paid before the later."""
    points: list[EquityPoint] = []
    before: Decimal | None = None
    for hour, balance, equity, paid in hours:
        payment = Decimal(0) if before is None else paid - before
        points.append(EquityPoint(hour, float(balance), float(equity), float(payment)))
        before = paid
    return points
