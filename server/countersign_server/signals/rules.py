"""Which messages of the hot path surely keep the contract's rules, told without interpreting these.

The contract declares the rules and protovalidate interprets them, at ten microseconds a signal.
What is recognised here is valid. What is not is put to protovalidate, which decides, and says what
is wrong. A test holds the two to the same answers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from countersign.v1 import signals_pb2, values_pb2

_is_token = re.compile(r"[A-Za-z0-9._:-]{1,64}").fullmatch
_is_instrument = re.compile(r"[A-Z0-9][A-Z0-9._]{1,19}").fullmatch
_is_positive = re.compile(r"(?!0\Z)(?:0|[1-9][0-9]{0,17})(?:[.][0-9]{0,8}[1-9])?").fullmatch
_is_fraction = re.compile(r"0[.][0-9]{0,8}[1-9]").fullmatch

_FORMATS = frozenset({signals_pb2.PAYLOAD_FORMAT_PROTOBUF, signals_pb2.PAYLOAD_FORMAT_JSON})
_ALGORITHMS = frozenset(signals_pb2.SignatureAlgorithm.values())
_SIDES = frozenset({values_pb2.SIDE_BUY, values_pb2.SIDE_SELL})
_NONCE_BYTES, _PAYLOAD_BYTES, _SIGNATURE_BYTES = range(16, 33), range(1, 32769), range(32, 65)
_BATCH_SIZES = range(1, 1001)
_NOTE_LENGTH_MAX = 1000


def is_signal(signal: signals_pb2.Signal) -> bool:
    """Tell whether a signal keeps every rule; False: protovalidate would not have it either."""
    note = signal.note
    action = signal.WhichOneof("action")
    return (
        _is_token(signal.external_id) is not None
        and _is_instrument(signal.instrument) is not None
        and signal.side in _SIDES
        and _is_token(signal.version) is not None
        and len(note) <= _NOTE_LENGTH_MAX
        and "\0" not in note
        and action is not None
        and _IS_ACTION[action](getattr(signal, action))
    )


def _is_open(action: signals_pb2.OpenAction) -> bool:
    return _is_positive(action.price) is not None and _is_bounded(action)


def _is_place(action: signals_pb2.PlaceAction) -> bool:
    entry = action.WhichOneof("entry")
    return (
        entry is not None
        and _is_positive(getattr(action, entry)) is not None
        and _is_bounded(action)
    )


def _is_modify(action: signals_pb2.ModifyAction) -> bool:
    return _is_token(action.opening_external_id) is not None and _is_bounded(action)


def _is_close(action: signals_pb2.CloseAction) -> bool:
    portion = action.WhichOneof("portion")
    return (
        _is_token(action.opening_external_id) is not None
        and _is_positive(action.price) is not None
        and (
            action.everything
            if portion == "everything"
            else portion is not None and _is_fraction(action.fraction) is not None
        )
    )


def _is_cancel(action: signals_pb2.CancelAction) -> bool:
    return _is_token(action.opening_external_id) is not None


def _is_bounded(
    action: signals_pb2.OpenAction | signals_pb2.PlaceAction | signals_pb2.ModifyAction,
) -> bool:
    """Tell whether stop and target are both chosen; what is absent chooses nothing."""
    stop, target = action.stop, action.target
    stop_choice, target_choice = stop.WhichOneof("choice"), target.WhichOneof("choice")
    return (
        stop.no_stop_loss
        if stop_choice == "no_stop_loss"
        else stop_choice is not None and _is_positive(stop.stop_loss) is not None
    ) and (
        target.no_take_profit
        if target_choice == "no_take_profit"
        else target_choice is not None and _is_positive(target.take_profit) is not None
    )


_IS_ACTION: Mapping[str, Callable[[Any], bool]] = {
    "open": _is_open,
    "place": _is_place,
    "modify": _is_modify,
    "close": _is_close,
    "cancel": _is_cancel,
}


def _is_signed(signed: signals_pb2.SignedSignal) -> bool:
    return (
        _is_token(signed.key_id) is not None
        and signed.sent_time_ms > 0
        and len(signed.nonce) in _NONCE_BYTES
        and signed.format in _FORMATS
        and signed.algorithm in _ALGORITHMS
        and len(signed.payload) in _PAYLOAD_BYTES
        and len(signed.signature) in _SIGNATURE_BYTES
    )


def _is_one(request: signals_pb2.SubmitSignalRequest) -> bool:
    return _is_signed(request.signal)


def _is_batch(request: signals_pb2.SubmitSignalsRequest) -> bool:
    return len(request.signals) in _BATCH_SIZES and all(map(_is_signed, request.signals))


def _is_item(request: signals_pb2.StreamSignalsRequest) -> bool:
    return request.sequence > 0 and _is_signed(request.signal)


# For the boundary: what surely is a valid request, by its type.
SURELY_VALID: Mapping[type[Message], Callable[[Any], bool]] = {
    signals_pb2.SubmitSignalRequest: _is_one,
    signals_pb2.SubmitSignalsRequest: _is_batch,
    signals_pb2.StreamSignalsRequest: _is_item,
}
