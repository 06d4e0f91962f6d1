"""What a signature proves: these bytes, this key, this time, this nonce, nothing like them."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from countersign_server.signals.signing import Algorithm, is_signed_by, signed_text

KEY_ID, NONCE, PAYLOAD = "key_1", b"n" * 16, b"buy"


def a_text(
    *,
    key_id: str = KEY_ID,
    payload_format: int = 1,
    sent_time_ms: int = 1_700_000_000_000,
    nonce: bytes = NONCE,
    payload: bytes = PAYLOAD,
) -> bytes:
    return signed_text(
        key_id=key_id,
        payload_format=payload_format,
        sent_time_ms=sent_time_ms,
        nonce=nonce,
        payload_sha256=sha256(payload).digest(),
    )


def hmac_of(text: bytes, secret: bytes) -> bytes:
    import hmac  # noqa: PLC0415  # the same primitive, called by the test itself

    return hmac.digest(secret, text, sha256)


def test_the_signed_text_is_the_one_that_the_protocol_documents() -> None:
    assert a_text() == (
        b"countersign.signal/1\0"
        b"\0\0\0\x05key_1"
        b"\0\0\0\x01\x01"
        b"\0\0\0\x08"
        + (1_700_000_000_000).to_bytes(8, "big")
        + b"\0\0\0\x10"
        + NONCE
        + b"\0\0\0\x20"
        + sha256(PAYLOAD).digest()
    )


@pytest.mark.parametrize(
    "other",
    [
        a_text(key_id="key_2"),
        a_text(payload_format=2),
        a_text(sent_time_ms=1_700_000_000_001),
        a_text(nonce=b"m" * 16),
        a_text(payload=b"sell"),
    ],
    ids=["key", "format", "time", "nonce", "payload"],
)
@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signature_is_good_for_nothing_but_its_own_text(
    algorithm: Algorithm, other: bytes
) -> None:
    private = Ed25519PrivateKey.generate()
    ed25519 = algorithm is Algorithm.ED25519
    key = private.public_key().public_bytes_raw() if ed25519 else b"s" * 32
    signature = private.sign(a_text()) if ed25519 else hmac_of(a_text(), key)

    assert is_signed_by(algorithm=algorithm, key=key, text=a_text(), signature=signature)
    assert not is_signed_by(algorithm=algorithm, key=key, text=other, signature=signature)


@given(flipped=st.integers(min_value=0, max_value=32 * 8 - 1))
def test_every_bit_of_a_signature_counts(flipped: int) -> None:
    signature = bytearray(hmac_of(a_text(), b"s" * 32))
    signature[flipped // 8] ^= 1 << flipped % 8

    assert not is_signed_by(
        algorithm=Algorithm.HMAC_SHA256, key=b"s" * 32, text=a_text(), signature=bytes(signature)
    )


def test_parts_cannot_be_shifted_into_each_other() -> None:
    assert a_text(key_id="ab", nonce=b"c" * 16) != a_text(key_id="abc", nonce=b"c" * 15 + b"\0")


def test_an_unknown_key_signs_nothing_not_even_with_the_secret_that_stands_in_for_it() -> None:
    forged = hmac_of(a_text(), bytes(32))
    assert not is_signed_by(
        algorithm=Algorithm.HMAC_SHA256, key=None, text=a_text(), signature=forged
    )


def test_a_public_key_does_not_serve_as_an_hmac_secret() -> None:
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    forged = hmac_of(a_text(), public)
    assert not is_signed_by(
        algorithm=Algorithm.ED25519, key=public, text=a_text(), signature=forged
    )
