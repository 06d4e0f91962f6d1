"""Names of the contract as people type and read them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import betterproto

from countersign_client.cli.moments import countdown, time_text
from countersign_client.cli.screen import Column

Kind = TypeVar("Kind", bound=betterproto.Enum)
Message = TypeVar("Message", bound=betterproto.Message)


def label(value: betterproto.Enum) -> str:
    """Return "close-only" of CLOSE_ONLY; empty if not given; the number if not known."""
    if value.name is None:
        return str(value.value)
    return "" if value.value == 0 else value.name.lower().replace("_", "-")


def value_of(kind: type[Kind], choice: str) -> Kind:
    """Return the value that a choice such as "close-only" names."""
    return kind[choice.upper().replace("-", "_")]


def column(title: str, path: str) -> Column[Any]:
    """Return a column that shows a field as it is: `path` is "limits.max_volume"."""
    return Column(title, lambda message: _text(_at(message, path)))


def words(name: str) -> str:
    """Return "margin level" of a name such as margin_level or margin-level."""
    return name.replace("_", " ").replace("-", " ")


def words_column(title: str, path: str) -> Column[Any]:
    """Return a column that shows a field that holds a name."""
    return Column(title, lambda message: words(_text(_at(message, path))))


def rounded_column(title: str, path: str) -> Column[Any]:
    """Return a column that shows a ratio as people read it: the field has up to nine decimals."""
    return Column(title, lambda message: rounded(_text(_at(message, path))))


def rounded(number: str) -> str:
    """Return a number with two decimals; empty stays empty."""
    return f"{Decimal(number):.2f}" if number else ""


def percent(fraction: str) -> str:
    """Return "4.50 %" of "0.045"; empty stays empty."""
    return f"{rounded(str(Decimal(fraction) * 100))} %" if fraction else ""


def facts(document: str) -> str:
    """Return "lots 0.10, price 1.0845" of a JSON object of the contract; empty stays empty."""
    if not document:
        return ""
    return ", ".join(
        f"{words(name)} {'none' if value is None else value}"
        for name, value in json.loads(document).items()
    )


def limit_column(title: str, path: str) -> Column[Any]:
    """Return a column that shows a limit: 0 or nothing is none, and would read as the opposite."""
    return Column(title, lambda message: str(_at(message, path) or "any"))


def countdown_column(title: str, path: str, *, now: datetime | None = None) -> Column[Any]:
    """Return a column that shows how far away a time is. `now` None: by this machine's clock."""
    return Column(title, lambda message: countdown(_at(message, path), now or datetime.now(UTC)))


def _at(message: object, path: str) -> Any:  # noqa: ANN401  # whatever is there
    value = message
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _text(value: object) -> str:
    match value:
        case betterproto.Enum():
            return label(value)
        case datetime():
            return time_text(value)
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_text(one) for one in cast("list[object]", value))
        case _:
            return str(value)
