"""How a terminal answers the calls about symbols and prices."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.broker.valuation import NoRate, converted_tick
from mt5_simulator.face import constants
from mt5_simulator.face.links import Reply
from mt5_simulator.terminal import rows
from mt5_simulator.terminal.groups import matches
from mt5_simulator.terminal.symbol_rows import symbol_row
from mt5_simulator.terminal.terminal import Terminal

Details = dict[str, Any]
NOT_FOUND = (constants.RES_E_NOT_FOUND, "Terminal: Not found")


def symbols_total(terminal: Terminal, _: Details) -> Reply:
    return Reply(len(terminal.market.symbols))


def symbols_get(terminal: Terminal, details: Details) -> Reply:
    group = details.get("group", "*")
    return Reply(
        [
            _symbol_row(terminal, symbol)
            for name, symbol in terminal.market.symbols.items()
            if matches(group, name)
        ]
    )


def symbol_info(terminal: Terminal, details: Details) -> Reply:
    symbol = terminal.market.symbols.get(details["symbol"])
    return Reply(None, NOT_FOUND) if symbol is None else Reply(_symbol_row(terminal, symbol))


def symbol_info_tick(terminal: Terminal, details: Details) -> Reply:
    """Return the last tick. A symbol outside Market Watch has none."""
    market, name = terminal.market, details["symbol"]
    quote = market.quotes.get(name)
    if quote is None or name not in terminal.selected:
        return Reply(None, NOT_FOUND)
    return Reply(rows.tick_row(market, quote))


def symbol_select(terminal: Terminal, details: Details) -> Reply:
    """Put a symbol in Market Watch or take it out. One with a position or an order stays in."""
    name = details["symbol"]
    if name not in terminal.market.symbols:
        return Reply(None, NOT_FOUND)
    if details["enable"]:
        terminal.selected.add(name)
        return Reply(value=True)
    books = terminal.seen(terminal.broker.now)
    if any(record.symbol == name for record in (*books.positions, *books.orders)):
        return Reply(None, (constants.RES_E_FAIL, "Terminal: Call failed"))
    terminal.selected.discard(name)
    return Reply(value=True)


def _symbol_row(terminal: Terminal, symbol: Symbol) -> rows.Row:
    market = terminal.market
    return symbol_row(
        market,
        symbol,
        tick_values=(
            _tick_value(terminal, symbol, Decimal(1)),
            _tick_value(terminal, symbol, Decimal(-1)),
        ),
        selected=symbol.name in terminal.selected,
    )


def _tick_value(terminal: Terminal, symbol: Symbol, direction: Decimal) -> Decimal:
    """Return what one tick and lot is worth in account currency, earned (1) or lost (-1)."""
    try:
        return converted_tick(terminal.account, terminal.market, symbol, direction)
    except NoRate:
        return Decimal(0)


SYMBOL_ANSWERS: dict[str, Callable[[Terminal, Details], Reply]] = {
    function.__name__: function
    for function in (symbols_total, symbols_get, symbol_info, symbol_info_tick, symbol_select)
}
