"""What exactly a producer signs, and whether a signature is right: see `docs/protocol.md`."""

import hmac
from enum import StrEnum
from hashlib import sha256
from struct import Struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_TAG = b"countersign.signal/1\0"
_LENGTH = Struct(">I").pack
# Each with its length before it: one byte, and eight.
_FORMAT_AND_TIME = Struct(">IBIq").pack

# Checked in place of a key that does not exist, so that the answer takes as long.
_NO_SECRET = bytes(32)


class Algorithm(StrEnum):
    """How a key signs. A property of the key, never of the message."""

    HMAC_SHA256 = "hmac-sha256"
    ED25519 = "ed25519"


def signed_text(
    *, key_id: str, payload_format: int, sent_time_ms: int, nonce: bytes, payload_sha256: bytes
) -> bytes:
    """Return the bytes that are signed: a tag, then each part with its length before it."""
    key = key_id.encode()
    middle = _FORMAT_AND_TIME(1, payload_format, 8, sent_time_ms)
    return b"".join(
        (
            _TAG,
            _LENGTH(len(key)),
            key,
            middle,
            _LENGTH(len(nonce)),
            nonce,
            _LENGTH(len(payload_sha256)),
            payload_sha256,
        )
    )


def is_signed_by(*, algorithm: str, key: bytes | None, text: bytes, signature: bytes) -> bool:
    """Tell whether `signature` over `text` was made with `key`; None, an unknown key, never is.

    `algorithm` is one of Algorithm; `key` the shared secret of HMAC-SHA256 or the public key of
    Ed25519.
    """
    if algorithm == Algorithm.HMAC_SHA256 or key is None:
        expected = hmac.digest(_NO_SECRET if key is None else key, text, sha256)
        return hmac.compare_digest(expected, signature) and key is not None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
