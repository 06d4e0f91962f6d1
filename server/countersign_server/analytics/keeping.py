"""Figures as they are kept in the database: JSON that loses no digit, and back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from countersign_server.analytics.counted import Counted
from countersign_server.analytics.trade_figures import TradeFigures

Value = TypeVar("Value")
_HINTS: dict[type, dict[str, type]] = {}


def counted_json(counted: Counted) -> dict[str, Any]:
    return {
        "whole": kept(counted.whole),
        "producers": {str(id_): kept(figures) for id_, figures in counted.producers.items()},
    }


def counted_of(content: Mapping[str, Any]) -> Counted:
    """Return what `counted_json` was given; of empty content, figures of no deal."""
    if not content:
        return Counted()
    producers: Mapping[str, Any] = content["producers"]
    return Counted(
        restored(TradeFigures, content["whole"]),
        {UUID(id_): restored(TradeFigures, figures) for id_, figures in producers.items()},
    )


def kept(value: Any) -> Any:  # noqa: ANN401  # whatever figures are made of
    """Return a value of nested dataclasses as JSON can hold it; decimals are text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: kept(getattr(value, field.name)) for field in fields(value)}
    return str(value) if isinstance(value, Decimal) else value


def restored(kind: type[Value], content: Any) -> Value:  # noqa: ANN401  # what `kept` returned
    """Return the value of `kind` that `kept` was given."""
    if is_dataclass(kind):
        return kind(**{name: _field(hint, content[name]) for name, hint in _hints(kind).items()})
    made: Any = Decimal(content) if kind is Decimal else content
    return made


def _field(hint: Any, content: Any) -> Any:  # noqa: ANN401  # a type, or one or None
    if content is None:
        return None
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return restored(kinds[0] if kinds else hint, content)


def _hints(kind: Any) -> dict[str, type]:  # noqa: ANN401  # a dataclass
    if kind not in _HINTS:
        _HINTS[kind] = {
            name: hint
            for name, hint in get_type_hints(kind).items()
            if name in {field.name for field in fields(kind)}
        }
    return _HINTS[kind]
