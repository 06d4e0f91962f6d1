"""The symbols a command knows: the built-in ones, and those of a file that a terminal printed."""

import json
from pathlib import Path

from mt5_simulator.broker.catalogue import CATALOGUE
from mt5_simulator.broker.described import symbol_from
from mt5_simulator.broker.symbols import Symbol


def with_described(file: Path | None) -> dict[str, Symbol]:
    """Return the symbols by name; those of `file` come instead of built-in ones of their name.

    The file is a list of `symbol_info(...)._asdict()` as JSON. Raises ValueError for any other.
    """
    built_in = {symbol.name: symbol for symbol in CATALOGUE}
    if file is None:
        return built_in
    try:
        named = [symbol_from(record) for record in json.loads(file.read_text(encoding="utf-8"))]
    except (KeyError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
        raise ValueError(f"--symbols: {file} is no list of symbols: {error!r}") from error
    return built_in | {symbol.name: symbol for symbol in named}
