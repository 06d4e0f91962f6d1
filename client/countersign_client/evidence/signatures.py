"""Whether the signatures in a file are those of the keys that it names."""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from countersign_client.evidence.records import Signal
from countersign_client.owner_keys import ED25519

PASSKEY_ES256, PASSKEY_ED25519 = "passkey-es256", "passkey-ed25519"

_SIGNAL_TAG = b"countersign.signal/1\0"
_SERVER_TAG = b"countersign.approval/1\0"
_OWNER_TAG = b"countersign.owner/1\0"
# A passkey's key: what stands before its first 32 bytes, and before its second.
_ES256_X, _ES256_Y = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
_ED25519_X = bytes.fromhex("a4010103272006215820")
_FLAGS_AT, _DATA_MIN = 32, 37
_PRESENT_AND_VERIFIED = 0x05


@dataclass(frozen=True, slots=True)
class Countersignature:
    """An owner's signature with the key that made it. The last two: a passkey's."""

    algorithm: str
    origin: str
    public_key: bytes
    signature: bytes
    authenticator_data: bytes
    client_data_json: bytes


def signal_text(signal: Signal) -> bytes:
    """Return the bytes that a producer signs."""
    parts = (
        signal.key_id.encode(),
        signal.format.to_bytes(1, "big"),
        signal.sent_time_ms.to_bytes(8, "big"),
        signal.nonce,
        sha256(signal.payload).digest(),
    )
    return _SIGNAL_TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def is_signed_by_producer(signal: Signal, public_key: bytes) -> bool:
    return is_ed25519(public_key, signal.signature, signal_text(signal))


def is_signed_with_a_secret(signal: Signal, secrets: Iterable[bytes]) -> bool:
    """Whether one of the secrets made the signal's HMAC."""
    text = signal_text(signal)
    macs = [hmac.digest(secret, text, "sha256") for secret in secrets]
    return any(hmac.compare_digest(mac, signal.signature) for mac in macs)


def is_countersigned_by_server(text: str, public_key: bytes, signature: bytes) -> bool:
    return is_ed25519(public_key, signature, _SERVER_TAG + text.encode())


def is_signed_by_owner(text: str, signed: Countersignature) -> bool:
    """Whether the key signed exactly this text; see docs/protocol.md. What fails did not."""
    encoded, key = text.encode(), signed.public_key
    if signed.algorithm == ED25519:
        return is_ed25519(key, signed.signature, _OWNER_TAG + encoded)
    if not _is_assertion_of(sha256(encoded).digest(), signed):
        return False
    said = signed.authenticator_data + sha256(signed.client_data_json).digest()
    if signed.algorithm == PASSKEY_ED25519 and key.startswith(_ED25519_X):
        return is_ed25519(key.removeprefix(_ED25519_X), signed.signature, said)
    if signed.algorithm == PASSKEY_ES256 and key.startswith(_ES256_X):
        return _is_es256(key.removeprefix(_ES256_X), signed.signature, said)
    return False


def is_ed25519(public_key: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_es256(numbers: bytes, signature: bytes, text: bytes) -> bool:
    x, separator, y = numbers[:32], numbers[32:-32], numbers[-32:]
    if separator != _ES256_Y:
        return False
    try:
        point = EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1()
        )
        point.public_key().verify(signature, text, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_assertion_of(challenge: bytes, signed: Countersignature) -> bool:
    """Whether a passkey answered the challenge, on its page, with its user before it."""
    told = _object_in(signed.client_data_json)
    expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    data, host = signed.authenticator_data, urlsplit(signed.origin).hostname or ""
    return (
        (told.get("type"), told.get("challenge"), told.get("origin"))
        == ("webauthn.get", expected, signed.origin)
        and told.get("crossOrigin", False) is False
        and "topOrigin" not in told
        and len(data) >= _DATA_MIN
        and data[:_FLAGS_AT] == sha256(host.encode()).digest()
        and data[_FLAGS_AT] & _PRESENT_AND_VERIFIED == _PRESENT_AND_VERIFIED
    )


def _object_in(text: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text.decode(), object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _each_name_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands there twice")
    return named
