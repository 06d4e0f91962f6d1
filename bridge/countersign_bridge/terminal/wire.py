"""How the bridge and its terminal process talk: plain values, each message behind its length.

JSON of dataclasses, decimals as text. No pickle: the terminal's structures cannot be pickled, and
nothing that is read here can make the reader run anything.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, BinaryIO, TypeVar, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")

_LENGTH = struct.Struct(">I")
MESSAGE_MAX = 256 * 1024 * 1024  # the whole history of a busy account, many times over


class WireBroken(Exception):
    """The other side is gone, or said something that is no message."""


def write_message(stream: BinaryIO, message: Mapping[str, object]) -> None:
    """Write one message and flush. Raises WireBroken if nobody reads."""
    payload = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    try:
        stream.write(_LENGTH.pack(len(payload)) + payload)
        stream.flush()
    except (OSError, ValueError) as error:  # ValueError: the stream is closed on this side
        raise WireBroken(f"the other side does not read: {error}") from error


def read_message(stream: BinaryIO) -> dict[str, Any]:
    """Return the next message. Raises WireBroken at the end of the stream or on nonsense."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > MESSAGE_MAX:
        raise WireBroken(f"a message of {length} bytes is longer than {MESSAGE_MAX}")
    try:
        message = json.loads(_exactly(stream, length))
    except ValueError as error:
        raise WireBroken("a message is not JSON") from error
    if not isinstance(message, dict):
        raise WireBroken("a message is not an object")
    return cast("dict[str, Any]", message)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    try:
        data = stream.read(size)
    except (OSError, ValueError) as error:
        raise WireBroken(f"the other side is gone: {error}") from error
    if len(data) != size:
        raise WireBroken("the other side is gone")
    return data


def encode(value: object) -> Any:  # noqa: ANN401  # plain data of any shape
    """Return `value` as JSON knows it."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    names = _field_names(type(value))
    if names is not None:
        return {name: encode(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [encode(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    return value


@cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """Return a dataclass's fields; None for any other kind of value."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def decode(kind: type[Value], plain: Any) -> Value:  # noqa: ANN401  # plain data of any shape
    """Return the `kind` that `encode` made `plain` of. Raises WireBroken if it did not."""
    try:
        return cast("Value", _reader(kind)(plain))
    except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
        raise WireBroken(f"not a {kind.__name__}: {error!r}") from error


Reader = Callable[[Any], object]


@cache
def _reader(kind: Any) -> Reader:  # noqa: ANN401, PLR0911  # one branch a kind of value
    """Return what reads a kind of value. Made once: looking a kind up costs more than reading."""
    origin = get_origin(kind)
    if origin is UnionType:
        (inner,) = (option for option in get_args(kind) if option is not NoneType)
        read = _reader(inner)
        return lambda plain: None if plain is None else read(plain)
    if origin is tuple:
        read = _reader(get_args(kind)[0])
        return lambda plain: tuple(map(read, plain))
    if origin is not None:
        return dict
    if is_dataclass(kind):
        return _record_reader(kind)
    if kind is Decimal:
        return Decimal
    if kind is bytes:
        return bytes.fromhex
    return _plain_reader(kind)


def _record_reader(kind: Any) -> Reader:  # noqa: ANN401  # any dataclass
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(plain: Any) -> object:  # noqa: ANN401  # plain data of any shape
        if plain.keys() != readers.keys():
            raise ValueError(f"fields {sorted(plain)}")
        return kind(**{name: reader(plain[name]) for name, reader in readers.items()})

    return read


def _plain_reader(kind: type) -> Reader:
    def read(plain: Any) -> object:  # noqa: ANN401  # plain data of any shape
        if kind is float and type(plain) is int:
            return float(plain)
        if type(plain) is not kind:
            raise TypeError(f"{plain!r} is not of type {kind.__name__}")
        return plain

    return read
