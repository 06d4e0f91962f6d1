"""What exactly a producer signs, and whether a signature is right: see `docs/protocol.md`."""

import hmac
from enum import StrEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_TAG = b"countersign.signal/1\0"

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
    parts = (
        key_id.encode(),
        payload_format.to_bytes(1, "big"),
        sent_time_ms.to_bytes(8, "big"),
        nonce,
        payload_sha256,
    )
    return _TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def is_signed_by(*, algorithm: Algorithm, key: bytes | None, text: bytes, signature: bytes) -> bool:
    """Tell whether `signature` over `text` was made with `key`; None, an unknown key, never is.

    `key` is the shared secret of HMAC-SHA256 or the public key of Ed25519.
    """
    if algorithm is Algorithm.HMAC_SHA256 or key is None:
        expected = hmac.digest(_NO_SECRET if key is None else key, text, sha256)
        return hmac.compare_digest(expected, signature) and key is not None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
