"""What goes to the terminal: made safe first, since much of it was written by others."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Column(Generic[Item]):
    """One column of a table, or one line of a description."""

    title: str
    text: Callable[[Item], str]


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for a person and for a program; `metadata` as the server gave it."""

    message: str
    reason: str
    advice: str
    metadata: Mapping[str, str]


def printable(text: str, *, lines: bool = False) -> str:
    r"""Return `text` without what could drive a terminal: control characters become \x1b, \u202e.

    Bidirectional overrides count among them: they could show a price that is not the one signed.
    `lines`: keep line ends.
    """
    return "".join(
        character
        if (character == "\n" and lines) or not _drives(character)
        else character.encode("unicode_escape").decode()
        for character in text
    )


def print_json(value: Any) -> None:  # noqa: ANN401  # whatever JSON can hold
    """Print one JSON document."""
    sys.stdout.write(_json_text(value, indent=2))


def print_json_line(value: Any) -> None:  # noqa: ANN401  # whatever JSON can hold
    """Print one JSON document on one line, at once."""
    sys.stdout.write(_json_text(value, indent=None))
    sys.stdout.flush()


def print_table(items: Sequence[Item], columns: Sequence[Column[Item]], *, nothing: str) -> None:
    """Print a row for each item, or what to say where there is none."""
    if not items:
        say(nothing)
        return
    rows = [[printable(column.text(item)) for column in columns] for item in items]
    if sys.stdout.isatty():
        _print_rich_table([column.title for column in columns], rows)
        return
    widths = [
        max(len(column.title), *(len(row[index]) for row in rows))
        for index, column in enumerate(columns)
    ]
    for row in [[column.title for column in columns], *rows]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def print_facts(item: Item, columns: Sequence[Column[Item]]) -> None:
    """Print one item as a list of names and values; what is empty is left out."""
    facts = [(column.title, printable(column.text(item))) for column in columns]
    width = max(len(title) for title, _ in facts)
    for title, text in facts:
        if text:
            sys.stdout.write(f"{title.ljust(width)}  {text}\n")


def say(text: str) -> None:
    """Print a line, at once: whoever watches may read it through a pipe."""
    sys.stdout.write(printable(text, lines=True) + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a line beside the result."""
    sys.stderr.write(printable(text, lines=True) + "\n")


def complain(failure: Failure, *, as_json: bool) -> None:
    """Print what went wrong and what to do about it, on one line."""
    if as_json:
        sys.stderr.write(_json_text(asdict(failure), indent=None))
        return
    sentence = failure.message.rstrip(". \n") or "it failed"
    line = f"countersign: {sentence} ({failure.reason}). {failure.advice}"
    sys.stderr.write(printable(line) + "\n")


def _json_text(value: Any, *, indent: int | None) -> str:  # noqa: ANN401  # whatever JSON can hold
    # DEL is the one control character that JSON leaves as it is.
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f") + "\n"


def _drives(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _print_rich_table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    # Loaded here: rich costs more to load than most commands take.
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # as said above
    from rich.console import Console  # noqa: PLC0415  # as said above
    from rich.table import Table  # noqa: PLC0415  # as said above
    from rich.text import Text  # noqa: PLC0415  # as said above

    table = Table(box=SIMPLE_HEAD)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        # Text, not str: square brackets in a name are no markup.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
