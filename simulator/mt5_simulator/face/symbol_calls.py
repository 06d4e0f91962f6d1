"""The functions about symbols and their present prices."""

from typing import cast

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
    try:
        details = check.group(arguments, keywords)
    except Refused as refusal:
        session.refuse(refusal)
        # The package's own slip: False, where every other failure of this function is None.
        return cast("None", False)  # noqa: FBT003  # not an argument of ours
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


@exported
def market_book_add(arguments: Arguments, keywords: Keywords) -> bool | None:
    return _book_switched("market_book_add", arguments, keywords)


@exported
def market_book_get(arguments: Arguments, keywords: Keywords) -> tuple[BookInfo, ...] | None:
    (symbol,) = positional("market_book_get", arguments, keywords, 1)
    return rows(BookInfo, session.ask("market_book_get", {"symbol": symbol_name(symbol)}))


@exported
def market_book_release(arguments: Arguments, keywords: Keywords) -> bool | None:
    return _book_switched("market_book_release", arguments, keywords)


def _book_switched(call: str, arguments: Arguments, keywords: Keywords) -> bool | None:
    (symbol,) = positional(call, arguments, keywords, 1)
    details = {"symbol": symbol_name(symbol)}
    if not session.is_connected:
        # The two calls that fail without a connection and report success.
        session.succeed()
        return False
    return bool(session.ask(call, details))
