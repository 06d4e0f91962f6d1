"""Heikin-ashi: bars that show the trend rather than each price."""

from collections.abc import Sequence

from countersign_server.charts.bars import Bar


def heikin_ashi(bars: Sequence[Bar]) -> list[Bar]:
    """Return as many bars: closing at their average, opening in the middle of the one before.

    The first opens in the middle of its own opening and close.
    """
    made: list[Bar] = []
    for bar in bars:
        close = (bar.open + bar.high + bar.low + bar.close) / 4
        before = made[-1] if made else bar
        opening = (before.open + before.close) / 2
        made.append(
            Bar(
                bar.time,
                opening,
                max(bar.high, opening, close),
                min(bar.low, opening, close),
                close,
                bar.volume,
            )
        )
    return made
