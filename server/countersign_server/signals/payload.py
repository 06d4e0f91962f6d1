"""Reading the bytes that were signed, strictly: what is not understood is not traded."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError

from countersign.v1 import signals_pb2
from countersign_server.errors import PayloadUnreadable, UnknownField

_NESTING_MAX = 8


def read_signal(payload_format: int, payload: bytes) -> signals_pb2.Signal:
    """Return the signal in `payload`.

    Raises PayloadUnreadable if it is not one, UnknownField if it has fields that the contract does
    not know.
    """
    if payload_format == signals_pb2.PAYLOAD_FORMAT_JSON:
        return _read_json(payload)
    signal = signals_pb2.Signal()
    try:
        signal.ParseFromString(payload)
    except DecodeError:
        raise _unreadable("is not a serialized countersign.v1.Signal") from None
    size = signal.ByteSize()
    signal.DiscardUnknownFields()
    if signal.ByteSize() != size:
        raise UnknownField(
            "payload has fields that this contract does not know", field="signal.payload"
        )
    return signal


def window_action(signal: signals_pb2.Signal) -> str:
    """Return what makes two signals the same idea beside instrument, side and version.

    To open or to place twice is the same idea whatever the prices. To modify or close is the same
    only when it says the same of the same position: a trailing stop moves often, and each move is
    meant.
    """
    action = signal.WhichOneof("action") or ""
    if action in ("open", "place"):
        return action
    body = getattr(signal, action).SerializeToString(deterministic=True)
    return f"{action}:{sha256(body).hexdigest()[:32]}"


def _read_json(payload: bytes) -> signals_pb2.Signal:
    tree = _tree(payload)
    _check_names(tree, cast("Descriptor", signals_pb2.Signal.DESCRIPTOR), within="")
    signal = signals_pb2.Signal()
    try:
        json_format.ParseDict(tree, signal, max_recursion_depth=_NESTING_MAX)  # pyright: ignore[reportUnknownMemberType]
    except json_format.ParseError as error:
        raise _unreadable(_in_our_words(str(error))) from None
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise _unreadable("holds a value that is not of its field's kind") from None
    return signal


def _tree(payload: bytes) -> dict[str, Any]:
    try:
        tree: object = json.loads(
            payload.decode(), object_pairs_hook=_each_once, parse_constant=_no_number
        )
    except UnicodeDecodeError:
        raise _unreadable("is not UTF-8") from None
    except (ValueError, RecursionError):
        raise _unreadable("is not JSON") from None
    if not isinstance(tree, dict):
        raise _unreadable("is not a JSON object")
    return cast("dict[str, Any]", tree)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        twice = next(name for name in named if sum(name == each for each, _ in pairs) > 1)
        raise _unreadable(f"gives {_shown(twice)} twice")
    return named


def _no_number(text: str) -> float:
    raise ValueError(text)


def _check_names(tree: Mapping[str, Any], descriptor: Descriptor, *, within: str) -> None:
    """Raise UnknownField for the first name that the contract does not know."""
    for name, value in tree.items():
        field = descriptor.fields_by_camelcase_name.get(name) or descriptor.fields_by_name.get(name)
        path = f"{within}{_shown(name)}"
        if field is None:
            raise UnknownField(f"payload has an unknown field {path}", field="signal.payload")
        kind = field.message_type
        # Times and durations are texts in JSON.
        if kind is None or kind.file.package == "google.protobuf":
            continue
        for item in cast("list[object]", value) if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _check_names(cast("dict[str, Any]", item), kind, within=f"{path}.")


def _in_our_words(text: str) -> str:
    """Return what protobuf's complaint is about; its words are of its own inside."""
    choice = re.search(r'multiple "(\w+)" oneof', text)
    if choice:
        return f"gives more than one {choice[1]}, where one is meant"
    place = re.search(r"at Signal[.]([\w.\[\]]+)", text) or re.search(r"parse (\w+) field", text)
    return (
        f"holds in {place[1].rstrip('.')} what that field does not take"
        if place
        else "is not the JSON of a Signal"
    )


def _unreadable(complaint: str) -> PayloadUnreadable:
    return PayloadUnreadable(f"payload {complaint}", field="signal.payload")


def _shown(name: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in name[:64])
