"""What a signal asks for is read from the signed bytes, every action and both formats."""

from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf import json_format

from countersign.v1 import signals_pb2 as pb, values_pb2
from countersign_server.approvals.intents import Entry, EntryKind, Kind
from countersign_server.approvals.terms import Terms
from countersign_server.approvals.wire import terms_of
from countersign_server.errors import UnknownField
from tests.fixtures.approvals import NOW, PRODUCER, SIGNAL
from tests.fixtures.messages import stamp_of

STOP = values_pb2.StopChoice(stop_loss="1.0801")
NO_STOP = values_pb2.StopChoice(no_stop_loss=True)
TARGET = values_pb2.TargetChoice(take_profit="1.0955")
NO_TARGET = values_pb2.TargetChoice(no_take_profit=True)


def read(
    payload_format: int = pb.PAYLOAD_FORMAT_PROTOBUF, **action: Any
) -> Terms:  # one of Signal's
    """Store a signal with this action and read it back."""
    signal = pb.Signal(
        external_id="x",
        instrument="EURUSD",
        side=values_pb2.SIDE_SELL,
        version="1",
        note="breakout",
        **action,
    )
    payload = (
        json_format.MessageToJson(signal).encode()
        if payload_format == pb.PAYLOAD_FORMAT_JSON
        else signal.SerializeToString()
    )
    return read_payload(payload_format, payload)


def read_payload(payload_format: int, payload: bytes) -> Terms:
    row = SimpleNamespace(
        id=SIGNAL,
        producer_id=PRODUCER,
        side="sell",
        format=payload_format,
        payload=payload,
        payload_sha256=sha256(payload).digest(),
        received_at=NOW,
        expires_at=NOW + timedelta(minutes=1),
    )
    return terms_of(cast("Any", row))


@pytest.mark.parametrize("payload_format", [pb.PAYLOAD_FORMAT_PROTOBUF, pb.PAYLOAD_FORMAT_JSON])
def test_to_open(payload_format: int) -> None:
    action = pb.OpenAction(price="1.0845", stop=STOP, target=TARGET)
    terms = read(payload_format, open=action)
    assert (terms.kind, terms.side, terms.note) == (Kind.OPEN, "sell", "breakout")
    assert (terms.price, terms.entry) == (Decimal("1.0845"), Entry(EntryKind.MARKET))
    assert (terms.stop_loss, terms.take_profit) == (Decimal("1.0801"), Decimal("1.0955"))
    assert (terms.opening_external_id, terms.good_until, terms.fraction) == ("", None, None)


def test_to_open_without_stop_and_target() -> None:
    terms = read(open=pb.OpenAction(price="1.0845", stop=NO_STOP, target=NO_TARGET))
    assert (terms.stop_loss, terms.take_profit) == (None, None)


def test_to_place() -> None:
    until = stamp_of(NOW)
    limit = read(
        place=pb.PlaceAction(
            limit_price="1.0801", stop=NO_STOP, target=TARGET, good_until_time=until
        )
    )
    assert (limit.kind, limit.price) == (Kind.PLACE, None)
    assert limit.entry == Entry(EntryKind.LIMIT, Decimal("1.0801"))
    assert (limit.take_profit, limit.good_until) == (Decimal("1.0955"), NOW)
    stop = read(place=pb.PlaceAction(stop_price="1.0901", stop=STOP, target=NO_TARGET))
    assert stop.entry == Entry(EntryKind.STOP, Decimal("1.0901"))
    assert (stop.stop_loss, stop.good_until) == (Decimal("1.0801"), None)


def test_to_modify() -> None:
    terms = read(modify=pb.ModifyAction(opening_external_id="first", stop=STOP, target=NO_TARGET))
    assert (terms.kind, terms.opening_external_id) == (Kind.MODIFY, "first")
    assert (terms.stop_loss, terms.take_profit) == (Decimal("1.0801"), None)
    assert (terms.price, terms.entry) == (None, Entry(EntryKind.NONE))


def test_to_close() -> None:
    close = pb.CloseAction(opening_external_id="first", price="1.0845", everything=True)
    whole = read(close=close)
    assert (whole.kind, whole.fraction, whole.price) == (Kind.CLOSE, None, Decimal("1.0845"))
    assert (whole.opening_external_id, whole.entry) == ("first", Entry(EntryKind.MARKET))
    part = read(close=pb.CloseAction(opening_external_id="first", price="1.0845", fraction="0.5"))
    assert (part.kind, part.fraction) == (Kind.PARTIAL_CLOSE, Decimal("0.5"))


def test_to_cancel() -> None:
    terms = read(cancel=pb.CancelAction(opening_external_id="first"))
    assert (terms.kind, terms.opening_external_id) == (Kind.CANCEL, "first")
    assert (terms.entry, terms.stop_loss) == (Entry(EntryKind.NONE), None)


def test_the_digest_is_of_the_signed_bytes() -> None:
    payload = pb.Signal(cancel=pb.CancelAction(opening_external_id="x")).SerializeToString()
    terms = read_payload(pb.PAYLOAD_FORMAT_PROTOBUF, payload)
    assert terms.payload_sha256 == sha256(payload).hexdigest()


def test_what_is_not_understood_is_not_traded() -> None:
    payload = pb.Signal(cancel=pb.CancelAction(opening_external_id="x")).SerializeToString()
    with pytest.raises(UnknownField):
        read_payload(pb.PAYLOAD_FORMAT_PROTOBUF, payload + b"\xf8\x07\x01")
