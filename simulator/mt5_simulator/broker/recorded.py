"""Bars that were recorded from a terminal, read from the CSV they are usually kept in."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from mt5_simulator.broker.prices import Bar

COLUMNS = ("time", "open", "high", "low", "close", "tick_volume", "spread")
BARS_MAX = 1_000_000


class BarsUnreadable(ValueError):
    """A line is no bar: names the line, and what is wrong with it."""


def read_bars(lines: Iterable[str], offset: timedelta) -> list[Bar]:
    """Return the bars of a CSV with at least the columns of COLUMNS, in any order.

    Times are server time, `offset` ahead of UTC, as "2025-12-01 00:00:00". Raises BarsUnreadable.
    """
    bars: list[Bar] = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        if len(bars) == BARS_MAX:
            raise BarsUnreadable(f"line {number}: at most {BARS_MAX} bars can be played")
        try:
            bars.append(_bar(row, offset))
        except (ValueError, TypeError, KeyError, InvalidOperation) as error:
            wanted = ", ".join(COLUMNS)
            raise BarsUnreadable(f"line {number}: {error!r}; it needs {wanted}") from error
    return bars


def _bar(row: Mapping[str, str], offset: timedelta) -> Bar:
    moment = datetime.fromisoformat(row["time"])
    opened, high, low, closed = (Decimal(row[name]) for name in ("open", "high", "low", "close"))
    if not low <= min(opened, closed) <= max(opened, closed) <= high:
        raise ValueError("the high and low do not enclose the open and close")
    return Bar(
        opens_at=moment.replace(tzinfo=moment.tzinfo or UTC) - offset,
        open=opened,
        high=high,
        low=low,
        close=closed,
        tick_volume=int(row["tick_volume"]),
        spread_points=int(row["spread"]),
    )
