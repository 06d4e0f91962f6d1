"""A chart of 500 candles with two averages, beside the way that tutorials draw it.

mplfinance, which most people would reach for, cannot be imported beside pandas 3; where it could,
it took as long as what is measured here in its place: pyplot with a bar and a line a candle.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random

from countersign_server.charts.averages import Average, Method, moving_average
from countersign_server.charts.bars import Bar, Columns
from countersign_server.charts.picture_cache import PictureCache
from countersign_server.charts.pictures import checked_digest
from countersign_server.charts.price_drawing import draw_prices
from countersign_server.charts.spec import PriceChart
from countersign_server.identifiers import uuid7

BARS = 500
_AVERAGES = (Average(20), Average(50, Method.EXPONENTIAL))
_CACHED = 50
_START = datetime(2026, 1, 5, tzinfo=UTC)


def chart() -> PriceChart:
    """Return the chart, from a seed."""
    drawn, price, bars = Random(5), 1.1, list[Bar]()  # noqa: S311  # made prices
    for number in range(BARS):
        opening, price = price, price + drawn.gauss(0, 0.001)
        high, low = max(opening, price) + 0.0004, min(opening, price) - 0.0004
        bars.append(Bar(_START + timedelta(hours=number), opening, high, low, price, 100.0))
    return PriceChart("EURUSD H1", bars, 5, averages=_AVERAGES)


def product_run(wanted: PriceChart) -> float:
    """Return the processor's seconds to draw it."""
    began = time.process_time()
    draw_prices(wanted)
    return time.process_time() - began


def cached_run(wanted: PriceChart) -> float:
    """Return the processor's seconds to find that it was drawn before."""
    cache = PictureCache(bytes_max=10_000_000, lifetime=timedelta(hours=1))
    owner_id = uuid7(_START)
    cache.put((owner_id, checked_digest(wanted)), b"picture", _START)
    began = time.process_time()
    for _ in range(_CACHED):
        if cache.get((owner_id, checked_digest(wanted)), _START) is None:
            raise RuntimeError("the picture was not found again")
    return (time.process_time() - began) / _CACHED


def pyplot_run(wanted: PriceChart) -> float:
    """Return the processor's seconds to draw the same with pyplot, candle by candle."""
    began = time.process_time()
    _drawn_candle_by_candle(wanted.bars)
    return time.process_time() - began


def _drawn_candle_by_candle(bars: Sequence[Bar]) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415  # only where it is measured

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # the same

    figure, (above, below) = plt.subplots(  # pyright: ignore[reportUnknownMemberType]
        2, 1, figsize=(12, 7), dpi=100, sharex=True, height_ratios=(5, 1)
    )
    for at, bar in enumerate(bars):
        colour = "green" if bar.close >= bar.open else "red"
        above.plot([at, at], [bar.low, bar.high], color=colour, linewidth=1)
        above.bar(at, bar.close - bar.open, bottom=bar.open, color=colour, width=0.7)
        below.bar(at, bar.volume, color="grey", width=0.7)
    for average in _AVERAGES:
        above.plot(moving_average(Columns.of(bars).close, average))
    out = BytesIO()
    figure.savefig(out, format="png")  # pyright: ignore[reportUnknownMemberType]
    plt.close(figure)
    return out.getvalue()
