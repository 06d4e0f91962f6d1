"""Values as plain data, for JSON, and back.

Knows frozen dataclasses, Decimal, date, datetime, time, timedelta, enums, and containers of them.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


def to_plain(value: object) -> Any:  # noqa: ANN401, PLR0911  # plain data; one return per kind
    """Return `value` made of dicts, lists, strings, numbers, booleans and None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): to_plain(item) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in cast("list[object]", value)]
    return value


def from_plain(kind: type[Value], plain: Any) -> Value:  # noqa: ANN401  # plain data
    """Return the value of type `kind` that `to_plain` made `plain` of.

    Raises ValueError, KeyError or TypeError when it cannot have been made of one.
    """
    return cast("Value", _restored(kind, plain))


def _duration(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


_PARSERS: Mapping[object, Any] = {
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    timedelta: _duration,
}


def _restored(kind: Any, plain: Any) -> object:  # noqa: ANN401, PLR0911  # one return per kind
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        if plain is None:
            return None
        (inner,) = (option for option in get_args(kind) if option is not type(None))
        return _restored(inner, plain)
    if origin is not None:
        return _restored_container(origin, get_args(kind), plain)
    if kind in _PARSERS:
        return _PARSERS[kind](plain)
    if is_dataclass(kind):
        hints = _hints(cast("type", kind))
        return cast("type", kind)(
            **{name: _restored(hints[name], item) for name, item in plain.items()}
        )
    if isinstance(kind, type) and kind is not object:
        return kind(plain)
    return plain


def _restored_container(origin: Any, inner: tuple[Any, ...], plain: Any) -> object:  # noqa: ANN401
    if origin is dict:
        key, item = inner
        return {key(name): _restored(item, value) for name, value in plain.items()}
    if origin is tuple and inner[-1] is not Ellipsis:
        return tuple(_restored(kind, item) for kind, item in zip(inner, plain, strict=True))
    return cast("object", origin(_restored(inner[0], item) for item in plain))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
