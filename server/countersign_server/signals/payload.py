"""Reading the bytes that were signed, strictly: what is not understood is not traded."""

from hashlib import sha256

from google.protobuf import json_format
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
        raise PayloadUnreadable(
            "payload is not a serialized countersign.v1.Signal", field="signal.payload"
        ) from None
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
    try:
        text = payload.decode()
        return json_format.Parse(text, signals_pb2.Signal(), max_recursion_depth=_NESTING_MAX)
    except UnicodeDecodeError:
        raise PayloadUnreadable("payload is not UTF-8", field="signal.payload") from None
    except json_format.ParseError as error:
        kind = UnknownField if "has no field named" in str(error) else PayloadUnreadable
        raise kind(
            f"payload is not the JSON of a Signal: {str(error)[:200]}", field="signal.payload"
        ) from None
    except (RecursionError, ValueError):
        raise PayloadUnreadable(
            "payload is not the JSON of a Signal", field="signal.payload"
        ) from None
