"""How a terminal answers the calls about past prices and the depth of market."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from mt5_simulator.broker.history import PriceBar
from mt5_simulator.broker.prices import Quote
from mt5_simulator.face import constants
from mt5_simulator.face.links import Reply
from mt5_simulator.terminal import rows
from mt5_simulator.terminal.terminal import Terminal

Details = dict[str, Any]

INVALID_PARAMS = (constants.RES_E_INVALID_PARAMS, "Terminal: Invalid params")
NOT_FOUND = (constants.RES_E_NOT_FOUND, "Terminal: Not found")

ROWS_MAX = 100_000
"""The most bars or ticks one call returns: what the terminal keeps."""


def copy_rates_from(terminal: Terminal, details: Details) -> Reply:
    """Return the last `count` bars that opened at or before a moment."""
    return _rates(terminal, details, until=details["from"])


def copy_rates_from_pos(terminal: Terminal, details: Details) -> Reply:
    """Return `count` bars up to the one `start` bars before the present one."""
    return _rates(terminal, details)


def copy_rates_range(terminal: Terminal, details: Details) -> Reply:
    """Return the bars that opened in a range, both ends included."""
    return _rates(terminal, details, since=details["from"], until=details["to"])


def _rates(
    terminal: Terminal, details: Details, *, since: float | None = None, until: float | None = None
) -> Reply:
    market, name = terminal.market, details["symbol"]
    start, count = details.get("start", 0), details.get("count", ROWS_MAX)
    if name not in market.symbols:
        return Reply(None, NOT_FOUND)
    if count < 0 or start < 0:
        return Reply(None, INVALID_PARAMS)
    try:
        bars = market.history_of(name).latest_bars(details["timeframe"], since=since, until=until)
    except ValueError:
        return Reply(None, INVALID_PARAMS)
    newest_first = [*islice(bars, start, start + min(count, ROWS_MAX))]
    return Reply([_bar_row(bar) for bar in reversed(newest_first)])


def _bar_row(bar: PriceBar) -> rows.Row:
    prices = (float(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return [int(bar.opens_at.timestamp()), *prices, bar.ticks, bar.spread_points, 0]


def copy_ticks_from(terminal: Terminal, details: Details) -> Reply:
    """Return the first `count` ticks from a moment on."""
    since = details["from"]
    return _ticks(terminal, details, lambda at: at >= since)


def copy_ticks_range(terminal: Terminal, details: Details) -> Reply:
    """Return the ticks of a range, both ends included."""
    since, until = details["from"], details["to"]
    return _ticks(terminal, details, lambda at: since <= at <= until)


def _ticks(terminal: Terminal, details: Details, is_wanted: Callable[[float], bool]) -> Reply:
    market, name = terminal.market, details["symbol"]
    if name not in market.symbols:
        return Reply(None, NOT_FOUND)
    if details.get("count", 0) < 0 or details.get("start", 0) < 0:
        return Reply(None, INVALID_PARAMS)
    if not _shows_quotes(details["flags"]):
        return Reply([])
    quotes: Iterable[Quote] = (
        quote
        for quote in market.history_of(name).ticks
        if is_wanted(rows.milliseconds(market, quote.time) / 1000)
    )
    count = min(details.get("count", ROWS_MAX), ROWS_MAX)
    return Reply([rows.tick_row(market, quote) for quote in islice(quotes, count)])


def _shows_quotes(flags: int) -> bool:
    # These symbols have bids and asks and no trades: COPY_TICKS_TRADE alone shows nothing.
    return flags == constants.COPY_TICKS_ALL or bool(flags & constants.COPY_TICKS_INFO)


def market_book_add(terminal: Terminal, details: Details) -> Reply:
    symbol = terminal.market.symbols.get(details["symbol"])
    if symbol is None or not symbol.book_depth:
        return Reply(None, NOT_FOUND)
    terminal.booked.add(symbol.name)
    return Reply(value=True)


def market_book_get(terminal: Terminal, details: Details) -> Reply:
    """Return the depth from the highest offer to the lowest bid. Only after `market_book_add`."""
    market, name = terminal.market, details["symbol"]
    if name not in terminal.booked:
        return Reply(None, NOT_FOUND)
    symbol, quote = market.symbols[name], market.quotes[name]
    levels = market.liquidity.get(name) or tuple(
        (symbol.volume_min * 100 * depth, depth - 1)
        for depth in range(1, symbol.book_depth // 2 + 1)
    )
    asks = [
        [constants.BOOK_TYPE_SELL, float(quote.ask + points * symbol.point), int(lots), float(lots)]
        for lots, points in levels
    ]
    bids = [
        [constants.BOOK_TYPE_BUY, float(quote.bid - points * symbol.point), int(lots), float(lots)]
        for lots, points in levels
    ]
    return Reply(asks[::-1] + bids)


def market_book_release(terminal: Terminal, details: Details) -> Reply:
    if details["symbol"] not in terminal.booked:
        return Reply(None, NOT_FOUND)
    terminal.booked.discard(details["symbol"])
    return Reply(value=True)


HISTORY_ANSWERS: dict[str, Callable[[Terminal, Details], Reply]] = {
    function.__name__: function
    for function in (
        copy_rates_from,
        copy_rates_from_pos,
        copy_rates_range,
        copy_ticks_from,
        copy_ticks_range,
        market_book_add,
        market_book_get,
        market_book_release,
    )
}
