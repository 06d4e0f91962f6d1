"""Bars and ticks that were recorded, read from the text files they are usually kept in.

Three kinds of bars, told apart by their first line: the columns of `copy_rates_*`; what a terminal
exports ("<DATE>", "<TIME>", ...); bids and asks ("bid_open", "ask_open", ...), whose times are UTC.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import chain

from mt5_simulator.broker.prices import Bar, Quote, Sides

COLUMNS = ("time", "open", "high", "low", "close", "tick_volume", "spread")
BARS_MAX = 1_000_000
TICKS_MAX = 5_000_000

# What a terminal's export calls the columns.
_EXPORTED = {"tickvol": "tick_volume", "vol": "real_volume"}

Row = Mapping[str, str]


class BarsUnreadable(ValueError):
    """A line is no bar or no tick: names the line, and what is wrong with it."""


def read_bars(lines: Iterable[str], offset: timedelta) -> list[Bar]:
    """Return the bars of a file. Times are server time, `offset` ahead of UTC, unless it says UTC.

    Raises BarsUnreadable.
    """
    bars: list[Bar] = []
    for number, row in _rows(lines):
        if len(bars) == BARS_MAX:
            raise BarsUnreadable(f"line {number}: at most {BARS_MAX} bars can be played")
        try:
            bars.append(_two_sided_bar(row) if "bid_open" in row else _bar(row, offset))
        except (ValueError, TypeError, KeyError, InvalidOperation) as error:
            wanted = ", ".join(COLUMNS)
            raise BarsUnreadable(f"line {number}: {error!r}; it needs {wanted}") from error
    return bars


def read_ticks(lines: Iterable[str], symbol: str, offset: timedelta) -> list[Quote]:
    """Return the quotes of a terminal's export of ticks, or of a file with time, bid and ask.

    Times are server time. A side left empty has not changed. Raises BarsUnreadable.
    """
    quotes: list[Quote] = []
    sides = {"bid": Decimal(0), "ask": Decimal(0)}
    for number, row in _rows(lines):
        if len(quotes) == TICKS_MAX:
            raise BarsUnreadable(f"line {number}: at most {TICKS_MAX} ticks can be played")
        try:
            sides |= {side: Decimal(row[side]) for side in sides if row[side]}
            # Until both sides have been named once, there is no price.
            if all(sides.values()):
                quotes.append(Quote(symbol, _moment(row) - offset, sides["bid"], sides["ask"]))
        except (ValueError, TypeError, KeyError, InvalidOperation) as error:
            raise BarsUnreadable(f"line {number}: {error!r}; it needs time, bid, ask") from error
    return quotes


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """Yield each row with its line's number, under the names `copy_rates_*` uses."""
    remaining = iter(lines)
    head = next(remaining, "")
    delimiter = "\t" if "\t" in head else ","
    for number, row in enumerate(csv.DictReader(chain([head], remaining), delimiter=delimiter), 2):
        named = {_name(column): value for column, value in row.items()}
        if "date" in named:
            named["time"] = f"{named['date']} {named.get('time') or '00:00'}".replace(".", "-", 2)
        yield number, named


def _name(column: str) -> str:
    bare = column.strip().strip("<>").lower()
    return _EXPORTED.get(bare, bare)


def _moment(row: Row) -> datetime:
    moment = datetime.fromisoformat(row["time"])
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _bar(row: Row, offset: timedelta) -> Bar:
    prices = _enclosed(lambda name: Decimal(row[name]))
    return Bar(
        _moment(row) - offset,
        *prices,
        tick_volume=int(row["tick_volume"]),
        spread_points=int(row["spread"]),
    )


def _two_sided_bar(row: Row) -> Bar:
    bids = _enclosed(lambda name: Decimal(row[f"bid_{name}"]))
    asks = _enclosed(lambda name: Decimal(row[f"ask_{name}"]))
    return Bar(_moment(row), *bids, tick_volume=0, spread_points=0, asks=asks)


def _enclosed(price: Callable[[str], Decimal]) -> Sides:
    opened, high, low, closed = (price(name) for name in ("open", "high", "low", "close"))
    if not low <= min(opened, closed) <= max(opened, closed) <= high:
        raise ValueError("the high and low do not enclose the open and close")
    return opened, high, low, closed
