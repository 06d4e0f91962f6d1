"""How a message is signed, as Standard Webhooks has it (standardwebhooks.com, version 1).

Signed is `webhook-id.webhook-timestamp.body`. The header holds one signature for each live secret,
separated by spaces: "v1,<base64>" is HMAC-SHA256, "v1a,<base64>" Ed25519.
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES = 32


class Scheme(StrEnum):
    """How messages are signed."""

    HMAC_SHA256 = "hmac-sha256"
    ED25519 = "ed25519"


def shown_secret(scheme: Scheme, secret: bytes) -> str:
    """Return what the receiver verifies with: the secret itself, or the public key of it."""
    if scheme is Scheme.HMAC_SHA256:
        return f"whsec_{_base64(secret)}"
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return f"whpk_{_base64(public.public_bytes_raw())}"


def signature_headers(
    *, scheme: Scheme, secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes
) -> Mapping[str, str]:
    """Return the three headers of a message; `timestamp` in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    sign = _SIGNERS[scheme]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, signed) for secret in secrets),
    }


def _hmac(secret: bytes, signed: bytes) -> str:
    return f"v1,{_base64(hmac.digest(secret, signed, sha256))}"


def _ed25519(secret: bytes, signed: bytes) -> str:
    return f"v1a,{_base64(Ed25519PrivateKey.from_private_bytes(secret).sign(signed))}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


_SIGNERS: Mapping[Scheme, Callable[[bytes, bytes], str]] = {
    Scheme.HMAC_SHA256: _hmac,
    Scheme.ED25519: _ed25519,
}
