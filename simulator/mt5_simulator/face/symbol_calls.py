"""The functions about symbols and their present prices."""

from mt5_simulator.face import arguments as check, constants
from mt5_simulator.face.arguments import Refused
from mt5_simulator.face.built_in import Keywords
from mt5_simulator.face.exporting import (
    Arguments,
    exported,
    exported_failing_with,
    positional,
    refuse_all,
    rows,
    session,
    symbol_name,
)
from mt5_simulator.face.structures import (
    BookInfo,
    SymbolInfo,
    Tick,
)

INCOMPATIBLE = (
    "Terminal: Incompatible versions, please install the latest version of Terminal and Python "
    "module"
)


def _require_version() -> None:
    """Symbol lists are refused by version where everything else is refused for the connection."""
    if not session.is_connected:
        raise Refused(INCOMPATIBLE, constants.RES_E_INVALID_VERSION)


@exported
def symbols_total(arguments: Arguments, keywords: Keywords) -> int | None:
    refuse_all("symbols_total", arguments, keywords)
    _require_version()
    return session.ask("symbols_total")


@exported
def symbols_get(arguments: Arguments, keywords: Keywords) -> tuple[SymbolInfo, ...] | None:
    if arguments:
        keywords = {**(keywords or {}), "group": arguments[0]}
    details = check.filters((), keywords)
    _require_version()
    return rows(SymbolInfo, session.ask("symbols_get", details))


@exported
def symbol_info(arguments: Arguments, keywords: Keywords) -> SymbolInfo | None:
    (symbol,) = positional("symbol_info", arguments, keywords, 1)
    row = session.ask("symbol_info", {"symbol": symbol_name(symbol)})
    return None if row is None else SymbolInfo(row)


@exported
def symbol_info_tick(arguments: Arguments, keywords: Keywords) -> Tick | None:
    (symbol,) = positional("symbol_info_tick", arguments, keywords, 1)
    row = session.ask("symbol_info_tick", {"symbol": symbol_name(symbol)})
    return None if row is None else Tick(row)


@exported_failing_with(failure=False)
def symbol_select(arguments: Arguments, keywords: Keywords) -> bool:
    symbol, *enable = positional("symbol_select", arguments, keywords, 1, 2)
    details = {"symbol": symbol_name(symbol), "enable": bool(enable[0]) if enable else True}
    return bool(session.ask("symbol_select", details))


@exported_failing_with(failure=False)
def market_book_add(arguments: Arguments, keywords: Keywords) -> bool:
    (symbol,) = positional("market_book_add", arguments, keywords, 1)
    return bool(session.ask("market_book_add", {"symbol": symbol_name(symbol)}))


@exported
def market_book_get(arguments: Arguments, keywords: Keywords) -> tuple[BookInfo, ...] | None:
    (symbol,) = positional("market_book_get", arguments, keywords, 1)
    return rows(BookInfo, session.ask("market_book_get", {"symbol": symbol_name(symbol)}))


@exported_failing_with(failure=False)
def market_book_release(arguments: Arguments, keywords: Keywords) -> bool:
    (symbol,) = positional("market_book_release", arguments, keywords, 1)
    details = {"symbol": symbol_name(symbol)}
    if not session.is_connected:
        # The one call that fails without a connection and reports success.
        session.succeed()
        return False
    return bool(session.ask("market_book_release", details))
