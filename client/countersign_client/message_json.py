"""A message as JSON, as the REST door speaks it.

Names are camelCase, enum names in full, 64-bit numbers are text.
"""

import base64
import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast, get_args, get_type_hints

import betterproto
from betterproto.casing import camel_case, safe_snake_case
from betterproto.lib.google.protobuf import FieldMask

Message = TypeVar("Message", bound=betterproto.Message)

_EPOCH = datetime.fromtimestamp(0, UTC)
_WIDE = frozenset({betterproto.TYPE_INT64, betterproto.TYPE_UINT64})


def message_json(message: betterproto.Message) -> dict[str, Any]:
    """Return the message as an object for `json.dumps`.

    What is absent is left out; what is empty is not.
    """
    content: dict[str, Any] = {}
    fields: Iterable[dataclasses.Field[Any]] = dataclasses.fields(cast("Any", message))
    for field in fields:
        meta: betterproto.FieldMetadata = field.metadata["betterproto"]
        if meta.group and betterproto.which_one_of(message, meta.group)[0] != field.name:
            continue
        value = getattr(message, field.name)
        if not meta.group and _is_absent(value):
            continue
        content[camel_case(field.name)] = _json(value, wide=meta.proto_type in _WIDE)
    return content


def enum_name(value: betterproto.Enum) -> str:
    """Return the name in the contract, "SIGNAL_STATE_DELIVERED"; the number if it is not known."""
    if value.name is None:
        return str(value.value)
    return f"{_prefix(type(value))}{value.name}"


def message_of(kind: type[Message], content: Mapping[str, Any]) -> Message:
    """Return the message that the REST door wrote as `content`. Unknown fields are left out."""
    return kind().from_dict(_with_short_names(kind, content))


def _with_short_names(kind: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return `content` with the names of enum values as the generated code has them."""
    hints = get_type_hints(kind)
    return {
        name: _short(hints.get(safe_snake_case(name)), value) for name, value in content.items()
    }


def _short(hint: Any, value: Any) -> Any:  # noqa: ANN401  # whatever JSON can hold
    if isinstance(value, list):
        (held,) = get_args(hint) or (None,)
        return [_short(held, one) for one in cast("Sequence[object]", value)]
    if isinstance(hint, type) and issubclass(hint, betterproto.Message) and isinstance(value, dict):
        return _with_short_names(hint, cast("Mapping[str, Any]", value))
    if isinstance(hint, type) and issubclass(hint, betterproto.Enum) and isinstance(value, str):
        name = value.removeprefix(_prefix(hint))
        # What a newer server knows is not given, to this one.
        return name if name in hint.__members__ else 0
    return value


def _prefix(kind: type[betterproto.Enum]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).upper() + "_"


def _is_absent(value: object) -> bool:
    if isinstance(value, betterproto.Message):
        return not betterproto.serialized_on_wire(value)
    return value == _EPOCH or (isinstance(value, timedelta) and not value)


def _json(value: object, *, wide: bool) -> Any:  # noqa: ANN401  # whatever JSON can hold
    if isinstance(value, list):
        return [_json(one, wide=wide) for one in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        pairs = cast("Mapping[object, object]", value)
        return {str(key): _json(one, wide=wide) for key, one in pairs.items()}
    if wide:
        return str(value)
    write = next((_WRITERS[kind] for kind in type(value).__mro__ if kind in _WRITERS), None)
    return value if write is None else write(value)


def _mask_text(mask: FieldMask) -> str:
    return ",".join(camel_case(path) for path in mask.paths)


def _span_text(span: timedelta) -> str:
    return f"{span.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def _number(value: float) -> float | str:
    """Return what JSON has no number for as the text that protobuf reads."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _time_text(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00").rstrip("0").rstrip(".") + "Z"


_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    betterproto.Message: message_json,
    betterproto.Enum: enum_name,
    float: _number,
    bytes: lambda value: base64.b64encode(value).decode(),
    datetime: _time_text,
    timedelta: _span_text,
    FieldMask: _mask_text,
}
