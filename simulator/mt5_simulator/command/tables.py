"""The broker's books as tables for a person."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mt5_simulator.broker.broker import Received
from mt5_simulator.broker.codes import Action, DealType, Entry, Side

Truth = dict[str, Any]


def table(heads: Sequence[str], lines: Iterable[Iterable[object]]) -> str:
    """Return the lines in columns as wide as their widest cell."""
    cells = [list(heads), *([str(cell) for cell in line] for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def account_table(truth: Truth) -> str:
    heads = ("login", "server", "currency", "balance", "credit", "positions", "orders", "deals")
    return table(
        heads,
        (
            (
                login,
                account["terms"]["server"],
                account["terms"]["currency"],
                account["balance"],
                account["credit"],
                len(account["positions"]),
                len(account["orders"]),
                len(account["deals"]),
            )
            for login, account in truth["accounts"].items()
        ),
    )


WORDS: dict[str, dict[int, str]] = {
    "side": {side.value: side.name.lower() for side in Side},
    "type": {kind.value: kind.name.lower() for kind in DealType},
    "entry": {entry.value: entry.name.lower() for entry in Entry},
}


def position_table(truth: Truth) -> str:
    names = ("ticket", "identifier", "symbol", "side", "volume", "price_open", "sl", "tp", "magic")
    return table(("login", *names), _lines(truth, "positions", names))


def deal_table(truth: Truth) -> str:
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
    return table(("login", *names), _lines(truth, "deals", names))


def _lines(truth: Truth, books: str, names: Sequence[str]) -> Iterator[list[str]]:
    for login, account in truth["accounts"].items():
        for record in account[books].values():
            yield [login, *(_cell(name, record) for name in names)]


def _cell(name: str, record: dict[str, Any]) -> str:
    words = WORDS.get(name)
    return str(record[name] if words is None else words[record[name]])


def progress_line(received: Received) -> str:
    """Return a request and what came of it, on one line."""
    request, answer = received.request, received.answer
    names = {member.value: member.name for member in Action}
    outcome = "put off" if answer is None else f"{answer.retcode.value} {answer.retcode.text}"
    parts = (
        f"{received.at:%H:%M:%S.%f}"[:-3],
        str(received.login),
        names.get(request.action, str(request.action)),
        request.symbol or f"position {request.position}",
        str(request.volume),
        f"magic {request.magic}",
        f"-> {outcome}",
    )
    return "  ".join(parts)
