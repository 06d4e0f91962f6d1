"""What the SDK signs is what the server checks, and nothing risky is left out by accident."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, strategies as st

from countersign.v1 import signals_pb2
from countersign_client import (
    Invalid,
    Side,
    Signal,
    Signer,
    cancel_order,
    close_position,
    modify,
    open_position,
    place_order,
)
from countersign_client.decimals import canonical
from countersign_client.signing import signed_text
from countersign_client.wire.countersign import v1
from countersign_server.rpc.validation import check
from countersign_server.signals import signing as server
from countersign_server.signals.payload import read_signal

SECRET_BYTES = bytes(range(32))
SECRET = "csk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # noqa: S105  # the bytes 0 to 31
NOW = datetime(2026, 11, 21, 10, 0, 0, 123_000, tzinfo=UTC)


def a_signal() -> Signal:
    return open_position(
        "s-1", "EURUSD", Side.BUY, price="1.0845", stop_loss="1.0801", take_profit=None, version="7"
    )


def verified(signed: v1.SignedSignal, algorithm: server.Algorithm, key: bytes) -> bool:
    """Check as the server does, with the server's own code."""
    message = signals_pb2.SignedSignal.FromString(bytes(signed))
    text = server.signed_text(
        key_id=message.key_id,
        payload_format=message.format,
        sent_time_ms=message.sent_time_ms,
        nonce=message.nonce,
        payload_sha256=sha256(message.payload).digest(),
    )
    return server.is_signed_by(algorithm=algorithm, key=key, text=text, signature=message.signature)


def test_the_signed_text_is_the_one_of_the_protocol_to_the_byte() -> None:
    signed = v1.SignedSignal(
        key_id="key_1",
        format=v1.PayloadFormat.JSON,
        sent_time_ms=1_795_255_200_123,
        nonce=b"0123456789abcdef",
        payload=b"{}",
    )
    assert signed_text(signed).hex() == (
        "636f756e7465727369676e2e7369676e616c2f3100"  # countersign.signal/1 and a zero byte
        "00000005"
        "6b65795f31"
        "00000001"
        "02"
        "00000008"
        "000001a1fd8c697b"
        "00000010"
        "30313233343536373839616263646566"
        "00000020"
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )


def test_the_server_takes_an_hmac_signature_and_no_other_secret() -> None:
    signed = Signer.from_secret("key_1", SECRET, now=lambda: NOW).sign(a_signal())
    assert verified(signed, server.Algorithm.HMAC_SHA256, SECRET_BYTES)
    assert not verified(signed, server.Algorithm.HMAC_SHA256, bytes(32))
    assert signed.sent_time_ms == 1_795_255_200_123


def test_the_server_takes_an_ed25519_signature() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for given_key in (key, pem, key.private_bytes_raw()):
        signed = Signer.from_private_key("key_2", given_key).sign(a_signal())
        assert verified(signed, server.Algorithm.ED25519, key.public_key().public_bytes_raw())


def test_a_changed_byte_breaks_the_signature() -> None:
    signed = Signer.from_secret("key_1", SECRET).sign(a_signal())
    signed.payload = signed.payload.replace(b"1.0801", b"1.0001")
    assert not verified(signed, server.Algorithm.HMAC_SHA256, SECRET_BYTES)


def test_every_signature_has_a_nonce_of_its_own() -> None:
    signer = Signer.from_secret("key_1", SECRET)
    nonces = {signer.sign(a_signal()).nonce for _ in range(50)}
    assert len(nonces) == 50
    assert {len(nonce) for nonce in nonces} == {16}


@pytest.mark.parametrize(
    "secret",
    ["", "csk_", SECRET[:-1], SECRET + "A", SECRET.removeprefix("csk_"), "csk_" + "é" * 43],
)
def test_a_damaged_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(Invalid) as caught:
        Signer.from_secret("key_1", secret)
    assert caught.value.reason == "KEY_UNREADABLE"
    assert secret in ("", "csk_") or secret not in str(caught.value)


def test_a_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for wrong in (other, b"no key"):
        with pytest.raises(Invalid):
            Signer.from_private_key("key_1", wrong)


def test_a_signer_shows_no_secret() -> None:
    assert repr(Signer.from_secret("key_1", SECRET)) == "Signer('key_1', HMAC_SHA256)"


def test_a_signal_that_is_too_large_is_refused_before_it_is_sent() -> None:
    signal = a_signal()
    signal.note = "x" * 33_000
    with pytest.raises(Invalid, match="shorten its note"):
        Signer.from_secret("key_1", SECRET).sign(signal)


IDEAS: dict[str, Signal] = {
    "open": a_signal(),
    "place, limit": place_order(
        "s", "EURUSD", Side.SELL, limit_price=Decimal("1.1"), stop_loss=None, take_profit="1.05",
        version="1", good_until_time=NOW + timedelta(hours=1),
    ),
    "place, stop": place_order(
        "s", "EURUSD", Side.SELL, stop_price=1, stop_loss=None, take_profit=None, version="1"
    ),
    "modify": modify(
        "s", "EURUSD", Side.BUY, opening_external_id="o", stop_loss="1.08", take_profit=None,
        version="1"
    ),
    "close": close_position(
        "s", "EURUSD", Side.BUY, opening_external_id="o", price="1.09", version="1"
    ),
    "close a part": close_position(
        "s", "EURUSD", Side.BUY, opening_external_id="o", price="1.09", fraction="0.50", version="1"
    ),
    "cancel": cancel_order(
        "s", "EURUSD", Side.BUY, opening_external_id="o", version="1", expire_time=NOW, note="n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("signal", IDEAS.values(), ids=IDEAS.keys())
def test_every_idea_that_the_sdk_puts_together_keeps_the_rules_of_the_contract(
    signal: Signal,
) -> None:
    check(read_signal(signals_pb2.PAYLOAD_FORMAT_PROTOBUF, bytes(signal)))


def test_no_stop_and_no_target_are_said_and_not_left_out() -> None:
    signal = open_position(
        "s", "EURUSD", Side.BUY, price="1", stop_loss=None, take_profit=None, version="1"
    )
    assert signal.open.stop.no_stop_loss
    assert signal.open.target.no_take_profit


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_price": None, "stop_price": None},
        {"limit_price": "1", "stop_price": "2"},
        {"limit_price": "1", "good_until_time": datetime(2026, 11, 21)},  # noqa: DTZ001  # that is what is wrong
        {"limit_price": "1", "expire_time": datetime(1970, 1, 1, tzinfo=UTC)},
        {"limit_price": 1.1},
        {"limit_price": "-1"},
        {"limit_price": "0"},
        {"limit_price": "NaN"},
        {"limit_price": True},
        {"limit_price": "1", "side": Side.UNSPECIFIED},
    ],
)
def test_an_idea_that_does_not_say_what_is_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        place_order(
            "s",
            "EURUSD",
            wrong.pop("side", Side.BUY),
            stop_loss=None,
            take_profit=None,
            version="1",
            **wrong,
        )


@pytest.mark.parametrize("fraction", ["1", "1.5", "0"])
def test_a_part_to_close_is_less_than_all_of_it(fraction: str) -> None:
    with pytest.raises(Invalid):
        close_position(
            "s",
            "EURUSD",
            Side.BUY,
            opening_external_id="o",
            price="1",
            fraction=fraction,
            version="1",
        )


def test_the_same_signal_has_the_same_bytes() -> None:
    assert bytes(a_signal()) == bytes(a_signal())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.0850", "1.085"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.5e-8"), "0.000000015"),
        ("007", "7"),
        (100_000, "100000"),
        ("+1.0", "1"),
    ],
)
def test_a_price_has_one_text(value: Decimal | str | int, text: str) -> None:
    assert canonical(value, field="price") == text


@pytest.mark.parametrize("value", ["1" * 19, "0.0000000001", "1e30", "Infinity", "", "1,5", "0x1"])
def test_a_price_that_the_contract_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        canonical(value, field="price")
    assert caught.value.violations.keys() == {"price"}


@given(
    st.decimals(
        min_value=Decimal("0.000000001"), max_value=Decimal(10**17), allow_nan=False, places=9
    )
)
def test_the_text_of_a_price_means_the_same_price(value: Decimal) -> None:
    text = canonical(value, field="price")
    assert Decimal(text) == value
    assert canonical(text, field="price") == text
