"""What a picture shows, as one number: the same input is the same picture."""

from array import array
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

from countersign_server.charts.report import Report
from countersign_server.charts.spec import EquityChart, PriceChart

# To be raised with every change of what is drawn of the same input.
_DRAWING = "3"


def digest_of(chart: PriceChart | EquityChart | Report) -> bytes:
    """Return the digest of everything that decides how a chart looks."""
    numbers = array("d")
    if isinstance(chart, PriceChart):
        for bar in chart.bars:
            prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
            numbers.extend((bar.time.timestamp(), *prices))
        rest = repr(replace(chart, bars=()))
    else:
        # An equity chart's points, or those of a report's curve.
        for point in chart.points:
            amounts = (point.balance, point.equity, point.payment)
            numbers.extend((point.time.timestamp(), *amounts))
        rest = repr(replace(chart, points=()))
    return sha256(numbers.tobytes() + f"\0{rest}\0{_drawn_by()}".encode()).digest()


@cache
def _drawn_by() -> str:
    # Another version of what draws may draw otherwise.
    try:
        return f"{_DRAWING} {version('matplotlib')}"
    except PackageNotFoundError:
        return _DRAWING
