"""Whether a message keeps the rules that the contract declares."""

from collections.abc import Callable
from typing import Any

import protovalidate
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


def _path(field: Any) -> str:  # noqa: ANN401  # protovalidate's FieldPath has no stubs
    parts: list[str] = []
    for element in field.elements if field else ():
        name = element.field_name
        subscript = getattr(element, "subscript", None)
        index = getattr(subscript, "value", None) if subscript else None
        parts.append(f"{name}[{index}]" if index is not None else name)
    return ".".join(parts)
