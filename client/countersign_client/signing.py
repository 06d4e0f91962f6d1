"""The proof of who sent a signal: exactly these bytes, signed with a producer's key.

`docs/protocol.md` has the format.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from countersign_client.errors import Code, Invalid, invalid_value
from countersign_client.wire.countersign.v1 import (
    PayloadFormat,
    Signal,
    SignatureAlgorithm,
    SignedSignal,
)

_TAG = b"countersign.signal/1\0"
_SECRET_PREFIX = "csk_"  # noqa: S105  # what a secret begins with, not one
_SECRET_BYTES = 32
_PAYLOAD_BYTES_MAX = 32_768
_NONCE_BYTES = 16


class Signer:
    """Signs with one key of a producer; its secret is in no repr and in no error."""

    def __init__(
        self,
        key_id: str,
        *,
        algorithm: SignatureAlgorithm,
        signature_of: Callable[[bytes], bytes],
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(_NONCE_BYTES),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.key_id = key_id
        self.algorithm = algorithm
        self._signature_of = signature_of
        self._new_nonce = new_nonce
        self._now = now

    @classmethod
    def from_secret(
        cls,
        key_id: str,
        secret: str,
        *,
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(_NONCE_BYTES),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Return a signer for an HMAC-SHA256 key.

        `secret` is "csk_..." as shown when the key was made.

        Raises Invalid, KEY_UNREADABLE.
        """
        key = _secret_bytes(secret)
        return cls(
            key_id,
            algorithm=SignatureAlgorithm.HMAC_SHA256,
            signature_of=lambda text: hmac.digest(key, text, sha256),
            new_nonce=new_nonce,
            now=now,
        )

    @classmethod
    def from_private_key(
        cls,
        key_id: str,
        private_key: Ed25519PrivateKey | bytes,
        *,
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(_NONCE_BYTES),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Return a signer for an Ed25519 key.

        `private_key`: the key itself, its 32 raw bytes, or an unencrypted PEM.

        Raises Invalid, KEY_UNREADABLE.
        """
        key = (
            private_key if isinstance(private_key, Ed25519PrivateKey) else _ed25519_key(private_key)
        )
        return cls(
            key_id,
            algorithm=SignatureAlgorithm.ED25519,
            signature_of=key.sign,
            new_nonce=new_nonce,
            now=now,
        )

    def sign(self, signal: Signal) -> SignedSignal:
        """Return `signal` with a signature over the bytes that will be sent.

        Raises Invalid if it is too large.
        """
        return self.sign_payload(bytes(signal), PayloadFormat.PROTOBUF)

    def sign_payload(self, payload: bytes, payload_format: PayloadFormat) -> SignedSignal:
        """Return `payload` as it is, signed: a serialized Signal, or its JSON in UTF-8.

        Raises Invalid.
        """
        if not 1 <= len(payload) <= _PAYLOAD_BYTES_MAX:
            raise invalid_value(
                f"a signal is 1 to {_PAYLOAD_BYTES_MAX} bytes, this one {len(payload)}: "
                "shorten its note",
                field="payload",
            )
        signed = SignedSignal(
            key_id=self.key_id,
            algorithm=self.algorithm,
            sent_time_ms=int(self._now().timestamp() * 1000),
            nonce=self._new_nonce(),
            format=payload_format,
            payload=payload,
        )
        signed.signature = self._signature_of(signed_text(signed))
        return signed

    def __repr__(self) -> str:
        return f"Signer({self.key_id!r}, {self.algorithm.name})"


def signed_text(signed: SignedSignal) -> bytes:
    """Return the bytes that are signed: a tag, then each part with its length before it."""
    parts = (
        signed.key_id.encode(),
        int(signed.format).to_bytes(1, "big"),
        signed.sent_time_ms.to_bytes(8, "big"),
        signed.nonce,
        sha256(signed.payload).digest(),
    )
    return _TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _secret_bytes(secret: str) -> bytes:
    body = secret.strip()
    try:
        key = base64.b64decode(
            body.removeprefix(_SECRET_PREFIX) + "=", altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        key = b""
    if not body.startswith(_SECRET_PREFIX) or len(key) != _SECRET_BYTES:
        raise _unreadable("the secret must be the whole text that begins with csk_")
    return key


def _ed25519_key(private_key: bytes) -> Ed25519PrivateKey:
    if len(private_key) == _SECRET_BYTES:
        return Ed25519PrivateKey.from_private_bytes(private_key)
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        raise _unreadable("the private key must be an unencrypted PEM or 32 raw bytes") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unreadable("the private key is not an Ed25519 key")
    return key


def _unreadable(message: str) -> Invalid:
    return Invalid(message, code=Code.INVALID_ARGUMENT, reason="KEY_UNREADABLE")
