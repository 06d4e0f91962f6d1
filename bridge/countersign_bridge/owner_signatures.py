"""Whether an owner signed a text, with a key that a person pinned at this very bridge.

All that is needed travels with the signature, and none of it is believed: the key, the way it signs
and the page it signs on are hashed into the name that is pinned.
"""

import base64
import json
from collections.abc import Mapping, Sequence, Set as AbstractSet
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

ED25519, PASSKEY_ES256, PASSKEY_ED25519 = "ed25519", "passkey-es256", "passkey-ed25519"

_APPROVAL_TAG = b"countersign.owner/1\0"
_ID_TAG = b"countersign.owner-key/1\0"
# A passkey's key as CTAP2 has it spelt: what stands before each of its 32-byte numbers.
_ES256_X, _ES256_Y = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
_ED25519_X = bytes.fromhex("a4010103272006215820")
_NUMBER = 32
# Authenticator data: SHA-256 of the host, flags, counter; then what extensions say.
_AUTHENTICATOR_DATA_MIN, _FLAGS_AT = 37, 32
_USER_PRESENT, _USER_VERIFIED = 0x01, 0x04


@dataclass(frozen=True, slots=True)
class OwnerSignature:
    """An owner's signature as the server passes it on. `origin` and the last two: a passkey's."""

    key_id: str
    algorithm: str
    origin: str
    public_key: bytes
    signature: bytes
    authenticator_data: bytes = b""
    client_data_json: bytes = b""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text does not count as signed by its owner."""

    reason: str
    detail: str


def owner_flaw(
    intent_text: str, signed: OwnerSignature | None, pinned: AbstractSet[str]
) -> Flaw | None:
    """Return why no pinned key signed exactly this text; None: one did.

    `pinned` are names of keys. Whatever cannot be verified was not signed.
    """
    if signed is None:
        detail = "this bridge pins its owner's keys, and the approval bears no owner's signature"
        return Flaw("OWNER_SIGNATURE_REQUIRED", detail)
    key_id = owner_key_id(signed.algorithm, signed.origin, signed.public_key)
    if key_id not in pinned:
        return Flaw("OWNER_KEY_NOT_PINNED", f"the key {key_id} is not pinned at this bridge")
    if key_id != signed.key_id:
        return Flaw("OWNER_SIGNATURE_INVALID", "the key is not the one that is named")
    text = intent_text.encode()
    try:
        _check(signed, text)
    except (_Unsound, InvalidSignature, ValueError) as error:  # ValueError: no point of the curve
        detail = str(error) or f"the key {key_id} did not sign this text"
        return Flaw("OWNER_SIGNATURE_INVALID", detail)
    return None


def owner_key_id(algorithm: str, origin: str, public_key: bytes) -> str:
    """Return the name of a key; docs/protocol.md has the formula."""
    parts = (algorithm.encode(), origin.encode(), public_key)
    text = _ID_TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"own_{_base64url(sha256(text).digest())}"


class _Unsound(Exception):
    """What a passkey says is not what it says of this text on its owner's page."""


def _check(signed: OwnerSignature, text: bytes) -> None:
    if signed.algorithm == ED25519:
        _check_ed25519(signed.public_key, signed.signature, _APPROVAL_TAG + text)
        return
    _check_client_data(signed, challenge=sha256(text).digest())
    _check_authenticator_data(signed)
    said = signed.authenticator_data + sha256(signed.client_data_json).digest()
    key = signed.public_key
    if signed.algorithm == PASSKEY_ED25519 and key.startswith(_ED25519_X):
        _check_ed25519(key.removeprefix(_ED25519_X), signed.signature, said)
    elif signed.algorithm == PASSKEY_ES256 and key.startswith(_ES256_X):
        _check_es256(key.removeprefix(_ES256_X), signed.signature, said)
    else:
        raise _Unsound(f"no key of the algorithm {signed.algorithm[:40]!r}")


def _check_ed25519(key: bytes, signature: bytes, text: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key).verify(signature, text)


def _check_es256(numbers: bytes, signature: bytes, text: bytes) -> None:
    x, separator, y = numbers[:_NUMBER], numbers[_NUMBER:-_NUMBER], numbers[-_NUMBER:]
    if separator != _ES256_Y:
        raise _Unsound("the passkey's key is not of the form")
    point = EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1()
    )
    point.public_key().verify(signature, text, ECDSA(SHA256()))


def _check_client_data(signed: OwnerSignature, *, challenge: bytes) -> None:
    told = _object_in(signed.client_data_json)
    if told.get("type") != "webauthn.get":
        raise _Unsound("the passkey's answer is not of an assertion")
    if told.get("challenge") != _base64url(challenge):
        raise _Unsound("the passkey signed another text")
    if told.get("origin") != signed.origin:
        raise _Unsound(f"the passkey signed on another page than {signed.origin[:100]}")
    if told.get("crossOrigin", False) is not False or "topOrigin" in told:
        raise _Unsound("the passkey signed inside another page's frame")


def _check_authenticator_data(signed: OwnerSignature) -> None:
    data = signed.authenticator_data
    if len(data) < _AUTHENTICATOR_DATA_MIN:
        raise _Unsound("the authenticator's data is too short")
    host = urlsplit(signed.origin).hostname or ""
    if data[:_FLAGS_AT] != sha256(host.encode()).digest():
        raise _Unsound(f"the passkey is of another host than {host[:100]}")
    if not data[_FLAGS_AT] & _USER_PRESENT or not data[_FLAGS_AT] & _USER_VERIFIED:
        raise _Unsound("the passkey did not verify its user")


def _object_in(text: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text.decode(), object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _Unsound("the passkey's answer is no JSON object with each name once")
    return cast("Mapping[str, Any]", value)


def _each_name_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands there twice")
    return named


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
