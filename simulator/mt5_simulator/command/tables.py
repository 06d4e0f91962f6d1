"""The broker's books as tables for a person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mt5_simulator.broker.codes import DealType, Entry, OrderType, Side

Books = dict[str, Any]
"""Whose view it is, and the accounts in it."""

Words = Mapping[str, Mapping[int, str]]
"""What the numbers of some columns mean."""


def table(heads: Sequence[str], lines: Iterable[Iterable[object]]) -> str:
    """Return the lines in columns as wide as their widest cell."""
    cells = [list(heads), *([str(cell) for cell in line] for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def account_records(books: Books) -> dict[str, Any]:
    """Return whose view it is and its accounts, without their books."""
    return {
        "view": books["view"],
        "accounts": [
            {
                "login": int(login),
                "server": account["terms"]["server"],
                "currency": account["terms"]["currency"],
                "balance": account["balance"],
                "credit": account["credit"],
                **{name: len(account[name]) for name in ("positions", "orders", "deals")},
            }
            for login, account in books["accounts"].items()
        ],
    }


def account_table(books: Books) -> str:
    heads = ("login", "server", "currency", "balance", "credit", "positions", "orders", "deals")
    return table(heads, (record.values() for record in account_records(books)["accounts"]))


def position_records(books: Books) -> dict[str, Any]:
    return _records(books, "positions")


def order_records(books: Books) -> dict[str, Any]:
    return _records(books, "orders")


def deal_records(books: Books) -> dict[str, Any]:
    return _records(books, "deals")


def _records(books: Books, kind: str) -> dict[str, Any]:
    return {
        "view": books["view"],
        kind: [
            {"login": int(login), **record}
            for login, account in books["accounts"].items()
            for record in account[kind].values()
        ],
    }


WORDS: Words = {
    "side": {side.value: side.name.lower() for side in Side},
    "type": {kind.value: kind.name.lower() for kind in DealType},
    "entry": {entry.value: entry.name.lower() for entry in Entry},
}


def position_table(books: Books) -> str:
    names = ("ticket", "identifier", "symbol", "side", "volume", "price_open", "sl", "tp", "magic")
    return table(("login", *names), _lines(books, "positions", names))


def order_table(books: Books) -> str:
    """Return the orders that wait."""
    names = ("ticket", "symbol", "type", "volume_current", "price", "sl", "tp", "expires_at")
    names = (*names, "position_id", "magic")
    kinds = {kind.value: kind.name.lower().replace("_", " ") for kind in OrderType}
    return table(("login", *names), _lines(books, "orders", names, {"type": kinds}))


def deal_table(books: Books) -> str:
    names = (
        "time",
        "ticket",
        "order",
        "position_id",
        "symbol",
        "type",
        "entry",
        "volume",
        "price",
        "profit",
        "commission",
        "swap",
        "magic",
        "comment",
    )
    return table(("login", *names), _lines(books, "deals", names))


def _lines(
    books: Books, kind: str, names: Sequence[str], words: Words = WORDS
) -> Iterator[list[str]]:
    for record in _records(books, kind)[kind]:
        yield [str(record["login"]), *(_cell(words.get(name), record[name]) for name in names)]


def _cell(words: Mapping[int, str] | None, value: Any) -> str:  # noqa: ANN401  # plain data
    if value is None:
        return "-"
    return str(value if words is None else words[value])
