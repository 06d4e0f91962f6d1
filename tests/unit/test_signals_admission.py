"""Which signed signals may come in, and what is said to the others."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from countersign.v1 import signals_pb2, values_pb2
from countersign_server.accounts.producer import KeyAlgorithm, VerifiedKey
from countersign_server.audit.entries import Trace
from countersign_server.errors import (
    CountersignError,
    InstrumentNotAllowed,
    Invalid,
    PayloadUnreadable,
    ProducerPaused,
    SignalExpired,
    SignatureFromFuture,
    SignatureInvalid,
    SignatureTooOld,
    UnknownField,
)
from countersign_server.rpc.validation import RulesBroken
from countersign_server.signals.admission import Admitted, Windows, admit
from countersign_server.signals.signing import signed_text

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PRODUCER, SECRET = uuid4(), b"s" * 32
WINDOWS = Windows(
    back=timedelta(seconds=30),
    ahead=timedelta(seconds=5),
    lifetime=timedelta(seconds=60),
    lifetime_max=timedelta(days=1),
)
KEY = VerifiedKey(
    id="key_1",
    producer_id=PRODUCER,
    owner_id=uuid4(),
    algorithm=KeyAlgorithm.HMAC_SHA256,
    key=SECRET,
    revoked_at=None,
    instruments=frozenset(),
    paused=False,
)


def a_signal() -> signals_pb2.Signal:
    return signals_pb2.Signal(
        external_id="breakout-1",
        instrument="EURUSD",
        side=values_pb2.SIDE_BUY,
        version="1",
        open=signals_pb2.OpenAction(
            price="1.0845",
            stop=values_pb2.StopChoice(stop_loss="1.0801"),
            target=values_pb2.TargetChoice(no_take_profit=True),
        ),
    )


def sign(
    payload: bytes,
    *,
    payload_format: int = signals_pb2.PAYLOAD_FORMAT_PROTOBUF,
    sent_at: datetime = NOW,
    secret: bytes = SECRET,
) -> signals_pb2.SignedSignal:
    sent_time_ms, nonce = int(sent_at.timestamp() * 1000), b"n" * 16
    text = signed_text(
        key_id=KEY.id,
        payload_format=payload_format,
        sent_time_ms=sent_time_ms,
        nonce=nonce,
        payload_sha256=sha256(payload).digest(),
    )
    return signals_pb2.SignedSignal(
        key_id=KEY.id,
        sent_time_ms=sent_time_ms,
        nonce=nonce,
        format=payload_format,  # type: ignore[arg-type]  # an enum's number
        payload=payload,
        signature=hmac.digest(secret, text, sha256),
    )


def admitted(
    signed: signals_pb2.SignedSignal, key: VerifiedKey | None = KEY, producer_id: UUID = PRODUCER
) -> Admitted:
    return admit(
        signed,
        key,
        signal_id=uuid4(),
        producer_id=producer_id,
        windows=WINDOWS,
        trace=Trace(actor=f"producer:{producer_id}"),
        now=NOW,
    )


def test_a_signed_signal_comes_in_with_its_bytes_as_they_were_signed() -> None:
    payload = a_signal().SerializeToString()

    row = admitted(sign(payload))

    assert (row.payload, row.external_id, row.side, row.action) == (
        payload,
        "breakout-1",
        "buy",
        "open",
    )
    assert row.expires_at == NOW + timedelta(seconds=60)


def test_json_comes_in_as_protobuf_does() -> None:
    payload = json_format.MessageToJson(a_signal()).encode()
    row = admitted(sign(payload, payload_format=signals_pb2.PAYLOAD_FORMAT_JSON))
    assert (row.instrument, row.payload) == ("EURUSD", payload)


@pytest.mark.parametrize(
    ("sent_at", "refusal"),
    [
        (NOW - timedelta(seconds=30), None),
        (NOW - timedelta(seconds=30, milliseconds=1), SignatureTooOld),
        (NOW + timedelta(seconds=5), None),
        (NOW + timedelta(seconds=5, milliseconds=1), SignatureFromFuture),
    ],
)
def test_a_signature_holds_for_thirty_seconds_back_and_five_ahead(
    sent_at: datetime, refusal: type[CountersignError] | None
) -> None:
    signed = sign(a_signal().SerializeToString(), sent_at=sent_at)
    if refusal is None:
        assert admitted(signed).sent_at == sent_at
    else:
        with pytest.raises(refusal):
            admitted(signed)


@pytest.mark.parametrize(
    "key",
    [
        None,
        replace(KEY, producer_id=uuid4()),
        replace(KEY, revoked_at=NOW),
        replace(KEY, key=b"t" * 32),
        replace(KEY, algorithm=KeyAlgorithm.ED25519),
    ],
    ids=["unknown", "of another producer", "revoked", "other secret", "other algorithm"],
)
def test_a_key_that_may_not_sign_is_refused_with_one_answer_for_all(
    key: VerifiedKey | None,
) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        admitted(sign(a_signal().SerializeToString()), key)
    assert str(refused.value) == "the signature does not verify with a key of this producer"


def test_a_key_that_ends_later_still_signs() -> None:
    key = replace(KEY, revoked_at=NOW + timedelta(microseconds=1))
    assert admitted(sign(a_signal().SerializeToString()), key)


def test_the_message_may_not_choose_the_algorithm() -> None:
    signed = sign(a_signal().SerializeToString())
    signed.algorithm = signals_pb2.SIGNATURE_ALGORITHM_ED25519
    with pytest.raises(SignatureInvalid):
        admitted(signed)


def test_garbage_is_not_read_before_its_signature_is_right() -> None:
    with pytest.raises(SignatureInvalid):
        admitted(sign(b"\xff" * 100, secret=b"t" * 32))
    with pytest.raises(PayloadUnreadable):
        admitted(sign(b"\xff" * 100))


def test_a_field_that_the_contract_does_not_know_is_refused_at_any_depth() -> None:
    unknown = b"\xba\x3e\x03abc"  # field 999, a string
    top = a_signal().SerializeToString() + unknown
    nested = a_signal()
    nested.open.stop.ParseFromString(nested.open.stop.SerializeToString() + unknown)
    for payload in (top, nested.SerializeToString()):
        with pytest.raises(UnknownField):
            admitted(sign(payload))


_Change = Callable[[str], str]
MISTAKES: list[tuple[_Change, type[CountersignError]]] = [
    (lambda text: text.replace('"stopLoss"', '"stopLos"'), UnknownField),
    (lambda text: text[:-5], PayloadUnreadable),
    (lambda text: text.replace('"1.0845"', "NaN"), PayloadUnreadable),
    (lambda text: text.replace('"1.0845"', '"NaN"'), RulesBroken),
    (lambda text: text.replace('"1.0845"', '"1e5"'), RulesBroken),
    (lambda text: text.replace('"1.0845"', '"1.08450"'), RulesBroken),
    (lambda text: text.replace('"EURUSD"', '"EUR USD"'), RulesBroken),
    (lambda _: "[" * 30_000, PayloadUnreadable),
]


@pytest.mark.parametrize(
    ("change", "refusal"),
    MISTAKES,
    ids=["misspelt stop", "cut", "NaN", "text NaN", "exponent", "zeros", "instrument", "depth"],
)
def test_json_that_is_not_exactly_a_signal_is_refused(
    change: Callable[[str], str], refusal: type[CountersignError]
) -> None:
    payload = change(json_format.MessageToJson(a_signal(), indent=None)).encode()
    with pytest.raises(refusal):
        admitted(sign(payload, payload_format=signals_pb2.PAYLOAD_FORMAT_JSON))


def test_a_signal_without_a_word_on_its_stop_is_refused() -> None:
    signal = a_signal()
    signal.open.ClearField("stop")
    with pytest.raises(RulesBroken) as refused:
        admitted(sign(signal.SerializeToString()))
    assert "open.stop" in refused.value.violations


def test_an_instrument_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(InstrumentNotAllowed):
        admitted(
            sign(a_signal().SerializeToString()), replace(KEY, instruments=frozenset({"GBPUSD"}))
        )


def test_a_paused_producer_is_told_so() -> None:
    with pytest.raises(ProducerPaused):
        admitted(sign(a_signal().SerializeToString()), replace(KEY, paused=True))


@pytest.mark.parametrize(
    ("expires_at", "refusal"),
    [
        (NOW, SignalExpired),
        (NOW + timedelta(microseconds=1), None),
        (NOW + timedelta(days=1), None),
        (NOW + timedelta(days=1, microseconds=1), Invalid),
    ],
)
def test_a_signal_expires_in_the_future_and_within_a_day(
    expires_at: datetime, refusal: type[CountersignError] | None
) -> None:
    signal = a_signal()
    signal.expire_time.FromDatetime(expires_at)
    signed = sign(signal.SerializeToString())
    if refusal is None:
        assert admitted(signed).expires_at == expires_at
    else:
        with pytest.raises(refusal):
            admitted(signed)


def test_two_openings_are_one_idea_whatever_their_prices_and_two_moves_of_a_stop_are_two() -> None:
    cheaper = a_signal()
    cheaper.open.price = "1.08"
    assert (
        admitted(sign(a_signal().SerializeToString())).window
        == admitted(sign(cheaper.SerializeToString())).window
    )

    def moved_to(stop_loss: str) -> signals_pb2.Signal:
        move = a_signal()
        move.modify.opening_external_id = "breakout-1"
        move.modify.stop.stop_loss = stop_loss
        move.modify.target.no_take_profit = True
        return move

    first = admitted(sign(moved_to("1.081").SerializeToString()))
    second = admitted(sign(moved_to("1.082").SerializeToString()))
    assert first.window != second.window


def a_placing(good_until: Timestamp) -> signals_pb2.Signal:
    signal = a_signal()
    signal.place.CopyFrom(
        signals_pb2.PlaceAction(
            limit_price="1.0845",
            stop=values_pb2.StopChoice(stop_loss="1.0801"),
            target=values_pb2.TargetChoice(take_profit="1.0955"),
            good_until_time=good_until,
        )
    )
    return signal


@pytest.mark.parametrize(
    ("seconds", "refusal"),
    [
        (int(NOW.timestamp()) + 1, None),
        (int(NOW.timestamp()), SignalExpired),
        (10**13, Invalid),
        (-(10**13), Invalid),
    ],
)
def test_an_order_is_good_until_a_time_that_exists_and_is_to_come(
    seconds: int, refusal: type[CountersignError] | None
) -> None:
    signed = sign(a_placing(Timestamp(seconds=seconds)).SerializeToString())
    if refusal is None:
        assert admitted(signed).action == "place"
        return
    with pytest.raises(refusal) as refused:
        admitted(signed)
    assert refused.value.facts["field"] == "good_until_time"
