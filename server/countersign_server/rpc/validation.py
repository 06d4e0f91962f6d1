"""Whether a message keeps the rules that the contract declares."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from countersign_server.errors import Invalid


class RulesBroken(Invalid):
    """The message breaks rules of the contract; `violations` are messages by field path."""

    reason = "RULES_BROKEN"
    advice = "Change the fields that are named."

    def __init__(self, violations: dict[str, str]) -> None:
        text = "; ".join(f"{field}: {message}" for field, message in violations.items())
        super().__init__(text[:1000])
        self.violations = violations


class Unreadable:
    """Stands for bytes that are not a message; the boundary refuses it."""


def check(message: Message) -> None:
    """Raise RulesBroken if `message` breaks a rule of the contract."""
    # A NUL in a text is a NUL in the bytes; most messages have none, and are not walked through.
    path = _nul_in(message) if b"\0" in message.SerializeToString() else None
    if path is not None:
        raise RulesBroken({path: "must not contain the character NUL (U+0000)"})
    try:
        protovalidate.validate(message)
    except protovalidate.ValidationError as error:
        found: dict[str, str] = {}
        for violation in error.violations[:20]:
            path = _path(violation.proto.field)
            found.setdefault(path or "request", violation.proto.message or violation.proto.rule_id)
        raise RulesBroken(found) from None
    except protovalidate.EvaluationError:
        raise RulesBroken({"request": "a rule could not be evaluated for these values"}) from None


def reader(
    deserialize: Callable[[bytes], Message] | None,
) -> Callable[[bytes], Message | Unreadable] | None:
    """Return a deserializer that answers Unreadable where the original would leak an exception."""
    if deserialize is None:
        return None

    def read(data: bytes) -> Message | Unreadable:
        try:
            return deserialize(data)
        except DecodeError:
            return Unreadable()

    return read


def _nul_in(message: Message) -> str | None:
    """Return the path of the first text that holds a NUL, which no database stores; None: none."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                for place, text in enumerate(value):
                    if "\0" in text:
                        return f"{field.name}[{place}]"
            elif "\0" in value:
                return field.name
        elif field.message_type is not None:
            inner = _nul_below(field, value)
            if inner is not None:
                return f"{field.name}{inner}"
    return None


def _nul_below(field: FieldDescriptor, value: Any) -> str | None:  # noqa: ANN401  # a message, or many
    if isinstance(value, Mapping):
        return _nul_in_map(cast(Mapping[Any, Any], value))
    if not field.is_repeated:
        inner = _nul_in(value)
        return inner and f".{inner}"
    for place, item in enumerate(value):
        inner = _nul_in(item)
        if inner is not None:
            return f"[{place}].{inner}"
    return None


def _nul_in_map(entries: Mapping[Any, Any]) -> str | None:
    for key, value in entries.items():
        if isinstance(key, str) and "\0" in key:
            return "[key]"
        if isinstance(value, str) and "\0" in value:
            return f"[{key}]"
        if isinstance(value, Message):
            inner = _nul_in(value)
            if inner is not None:
                return f"[{key}].{inner}"
    return None


def _path(field: Any) -> str:  # noqa: ANN401  # protovalidate's FieldPath has no stubs
    parts: list[str] = []
    for element in field.elements if field else ():
        name = element.field_name
        subscript = getattr(element, "subscript", None)
        index = getattr(subscript, "value", None) if subscript else None
        parts.append(f"{name}[{index}]" if index is not None else name)
    return ".".join(parts)
