"""A broker's books in a file, so that a restarted broker knows what it did."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.broker import Broker, PutOff, Received
from mt5_simulator.broker.execution import Tickets
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.plain import from_plain, to_plain
from mt5_simulator.served.texts import Texts

FORMAT = 1


class BooksUnreadable(Exception):
    """The file is not a broker's books, or not of a version this program reads."""


@dataclass(slots=True)
class Books:
    """Everything a broker must not forget."""

    now: datetime
    tickets: Tickets
    accounts: dict[int, Account]
    symbols: list[Symbol]
    quotes: dict[str, Quote]
    halted: list[str] = field(default_factory=list[str])
    first_names: dict[str, str] = field(default_factory=dict[str, str])
    put_off: list[PutOff] = field(default_factory=list[PutOff])
    received: list[Received] = field(default_factory=list[Received])


def books_of(broker: Broker) -> Books:
    return Books(
        now=broker.now,
        tickets=broker.tickets,
        accounts=broker.accounts,
        symbols=list(broker.market.symbols.values()),
        quotes=broker.market.quotes,
        halted=sorted(broker.market.halted),
        first_names=broker.market.first_names,
        put_off=broker.put_off,
        received=broker.received,
    )


def truth(broker: Broker) -> dict[str, Any]:
    """Return everything the broker knows as plain data, to compare a program's belief with."""
    return to_plain(books_of(broker))


def save(broker: Broker, path: Path, texts: Texts) -> None:
    """Write the books, whole or not at all: a crash leaves either the old file or the new one.

    `texts` remembers from one time to the next what need not be put into words again.
    """
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(texts.of({"format": FORMAT, "books": books_of(broker)}))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if os.name == "nt":
        return  # a folder cannot be flushed there, and NTFS journals the rename itself
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path) -> Books | None:
    """Return the books in `path`, or None when there is no such file. Raises BooksUnreadable."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise BooksUnreadable(
                f"{path} has format {content['format']}, this program reads {FORMAT}"
            )
        return from_plain(Books, content["books"])
    except (ValueError, KeyError, TypeError) as error:
        raise BooksUnreadable(f"{path} does not hold a broker's books: {error}") from error


def restore(broker: Broker, books: Books) -> None:
    """Put the books into a broker that was just made."""
    broker.now = books.now
    broker.tickets.order, broker.tickets.deal = books.tickets.order, books.tickets.deal
    broker.accounts.update(books.accounts)
    broker.put_off[:] = books.put_off
    broker.received[:] = books.received
    broker.market.restore(
        books.symbols,
        quotes=books.quotes,
        halted=books.halted,
        first_names=books.first_names,
        now=books.now,
    )
