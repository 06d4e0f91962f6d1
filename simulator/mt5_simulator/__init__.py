"""A MetaTrader 5 for Linux and CI: `import mt5_simulator as mt5`.

The functions, constants and result types of the MetaTrader5 package, over a simulated broker and
terminal. `attach` gives this process a terminal of its own; `python -m mt5_simulator serve` runs
one in a process that outlives the programs using it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mt5_simulator.face import constants
from mt5_simulator.face.constants import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]  # the package exports them all

# The package whose face this is, for programs that look.
__version__ = "5.0.6231"
__author__ = "MetaQuotes Ltd."

if TYPE_CHECKING:
    from mt5_simulator.broker.account import Terms
    from mt5_simulator.broker.broker import Broker
    from mt5_simulator.broker.described import symbol_from
    from mt5_simulator.broker.prices import Bar, Bars, Quote, Script, Walk
    from mt5_simulator.broker.recorded import read_bars, read_ticks
    from mt5_simulator.clock import VirtualClock, WallClock
    from mt5_simulator.face import constants
    from mt5_simulator.face.connection_calls import (
        account_info,
        initialize,
        last_error,
        login,
        shutdown,
        terminal_info,
        version,
    )
    from mt5_simulator.face.history_calls import (
        copy_rates_from,
        copy_rates_from_pos,
        copy_rates_range,
        copy_ticks_from,
        copy_ticks_range,
    )
    from mt5_simulator.face.shortcuts import Buy, Close, Sell
    from mt5_simulator.face.structures import (
        AccountInfo,
        BookInfo,
        OrderCheckResult,
        OrderSendResult,
        SymbolInfo,
        TerminalInfo,
        Tick,
        TradeDeal,
        TradeOrder,
        TradePosition,
        TradeRequest,
    )
    from mt5_simulator.face.symbol_calls import (
        market_book_add,
        market_book_get,
        market_book_release,
        symbol_info,
        symbol_info_tick,
        symbol_select,
        symbols_get,
        symbols_total,
    )
    from mt5_simulator.face.trading_calls import (
        history_deals_get,
        history_deals_total,
        history_orders_get,
        history_orders_total,
        order_calc_margin,
        order_calc_profit,
        order_check,
        order_send,
        orders_get,
        orders_total,
        positions_get,
        positions_total,
    )
    from mt5_simulator.simulation import attach, detach, simulate, stand_in
    from mt5_simulator.terminal.faults import Executes, Fault, FaultKind
    from mt5_simulator.terminal.terminal import Terminal
    from mt5_simulator.terminal.weather import STORM, Weather

# Where each name lives. Modules are loaded when a name is first used: a program that talks to a
# served terminal never loads a broker, and a test run that needs no MetaTrader loads nothing.
_HOMES = {
    "Terms": "mt5_simulator.broker.account",
    "Broker": "mt5_simulator.broker.broker",
    "symbol_from": "mt5_simulator.broker.described",
    "Bar": "mt5_simulator.broker.prices",
    "Bars": "mt5_simulator.broker.prices",
    "Quote": "mt5_simulator.broker.prices",
    "Script": "mt5_simulator.broker.prices",
    "Walk": "mt5_simulator.broker.prices",
    "read_bars": "mt5_simulator.broker.recorded",
    "read_ticks": "mt5_simulator.broker.recorded",
    "VirtualClock": "mt5_simulator.clock",
    "WallClock": "mt5_simulator.clock",
    "constants": "mt5_simulator.face",
    "account_info": "mt5_simulator.face.connection_calls",
    "initialize": "mt5_simulator.face.connection_calls",
    "last_error": "mt5_simulator.face.connection_calls",
    "login": "mt5_simulator.face.connection_calls",
    "shutdown": "mt5_simulator.face.connection_calls",
    "terminal_info": "mt5_simulator.face.connection_calls",
    "version": "mt5_simulator.face.connection_calls",
    "copy_rates_from": "mt5_simulator.face.history_calls",
    "copy_rates_from_pos": "mt5_simulator.face.history_calls",
    "copy_rates_range": "mt5_simulator.face.history_calls",
    "copy_ticks_from": "mt5_simulator.face.history_calls",
    "copy_ticks_range": "mt5_simulator.face.history_calls",
    "Buy": "mt5_simulator.face.shortcuts",
    "Close": "mt5_simulator.face.shortcuts",
    "Sell": "mt5_simulator.face.shortcuts",
    "AccountInfo": "mt5_simulator.face.structures",
    "BookInfo": "mt5_simulator.face.structures",
    "OrderCheckResult": "mt5_simulator.face.structures",
    "OrderSendResult": "mt5_simulator.face.structures",
    "SymbolInfo": "mt5_simulator.face.structures",
    "TerminalInfo": "mt5_simulator.face.structures",
    "Tick": "mt5_simulator.face.structures",
    "TradeDeal": "mt5_simulator.face.structures",
    "TradeOrder": "mt5_simulator.face.structures",
    "TradePosition": "mt5_simulator.face.structures",
    "TradeRequest": "mt5_simulator.face.structures",
    "market_book_add": "mt5_simulator.face.symbol_calls",
    "market_book_get": "mt5_simulator.face.symbol_calls",
    "market_book_release": "mt5_simulator.face.symbol_calls",
    "symbol_info": "mt5_simulator.face.symbol_calls",
    "symbol_info_tick": "mt5_simulator.face.symbol_calls",
    "symbol_select": "mt5_simulator.face.symbol_calls",
    "symbols_get": "mt5_simulator.face.symbol_calls",
    "symbols_total": "mt5_simulator.face.symbol_calls",
    "history_deals_get": "mt5_simulator.face.trading_calls",
    "history_deals_total": "mt5_simulator.face.trading_calls",
    "history_orders_get": "mt5_simulator.face.trading_calls",
    "history_orders_total": "mt5_simulator.face.trading_calls",
    "order_calc_margin": "mt5_simulator.face.trading_calls",
    "order_calc_profit": "mt5_simulator.face.trading_calls",
    "order_check": "mt5_simulator.face.trading_calls",
    "order_send": "mt5_simulator.face.trading_calls",
    "orders_get": "mt5_simulator.face.trading_calls",
    "orders_total": "mt5_simulator.face.trading_calls",
    "positions_get": "mt5_simulator.face.trading_calls",
    "positions_total": "mt5_simulator.face.trading_calls",
    "attach": "mt5_simulator.simulation",
    "detach": "mt5_simulator.simulation",
    "simulate": "mt5_simulator.simulation",
    "stand_in": "mt5_simulator.simulation",
    "Executes": "mt5_simulator.terminal.faults",
    "Fault": "mt5_simulator.terminal.faults",
    "FaultKind": "mt5_simulator.terminal.faults",
    "Terminal": "mt5_simulator.terminal.terminal",
    "STORM": "mt5_simulator.terminal.weather",
    "Weather": "mt5_simulator.terminal.weather",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mt5_simulator' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = [  # two groups: constants follow
    "STORM",
    "AccountInfo",
    "Bar",
    "Bars",
    "BookInfo",
    "Broker",
    "Buy",
    "Close",
    "Executes",
    "Fault",
    "FaultKind",
    "OrderCheckResult",
    "OrderSendResult",
    "Quote",
    "Script",
    "Sell",
    "SymbolInfo",
    "Terminal",
    "TerminalInfo",
    "Terms",
    "Tick",
    "TradeDeal",
    "TradeOrder",
    "TradePosition",
    "TradeRequest",
    "VirtualClock",
    "Walk",
    "WallClock",
    "Weather",
    "account_info",
    "attach",
    "copy_rates_from",
    "copy_rates_from_pos",
    "copy_rates_range",
    "copy_ticks_from",
    "copy_ticks_range",
    "detach",
    "history_deals_get",
    "history_deals_total",
    "history_orders_get",
    "history_orders_total",
    "initialize",
    "last_error",
    "login",
    "market_book_add",
    "market_book_get",
    "market_book_release",
    "order_calc_margin",
    "order_calc_profit",
    "order_check",
    "order_send",
    "orders_get",
    "orders_total",
    "positions_get",
    "positions_total",
    "read_bars",
    "read_ticks",
    "shutdown",
    "simulate",
    "stand_in",
    "symbol_from",
    "symbol_info",
    "symbol_info_tick",
    "symbol_select",
    "symbols_get",
    "symbols_total",
    "terminal_info",
    "version",
]
__all__ += [name for name in vars(constants) if name.isupper()]  # pyright: ignore[reportUnsupportedDunderAll]  # 223 of them, measured
