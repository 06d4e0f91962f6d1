"""Whether a signature is one that an owner's key made, and of this very text."""

import base64
import json
from collections.abc import Mapping, Sequence
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

from countersign_server.identity.owner_key import KeyAlgorithm, OwnerKey, cose_coordinates

_APPROVAL_TAG = b"countersign.owner/1\0"
_PROOF_TAG = b"countersign.owner-key-proof/1\0"

# Authenticator data: SHA-256 of the host, flags, counter; then what extensions say.
_AUTHENTICATOR_DATA_MIN = 37
_FLAGS_AT = 32
_USER_PRESENT, _USER_VERIFIED = 0x01, 0x04


@dataclass(frozen=True, slots=True)
class OwnerSignature:
    """A signature as it came. The last two are a passkey's, and empty otherwise."""

    signature: bytes
    authenticator_data: bytes = b""
    client_data_json: bytes = b""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be signed: the bytes for Ed25519, the challenge that a passkey answers."""

    text: bytes
    challenge: bytes


def approval_statement(intent_text: str) -> Statement:
    """Return what an owner signs to approve an intent; a passkey answers the intent's digest."""
    text = intent_text.encode()
    return Statement(_APPROVAL_TAG + text, sha256(text).digest())


def proof_statement(challenge: bytes) -> Statement:
    """Return what shows that someone holds a key.

    A passkey answers a hash, so that no challenge of a server's choice can be an intent's digest.
    """
    text = _PROOF_TAG + challenge
    return Statement(text, sha256(text).digest())


def flaw_in(signed: OwnerSignature, key: OwnerKey, statement: Statement) -> str | None:
    """Return why a signature is not the key's over the statement; None: it is."""
    if not key.algorithm.is_passkey:
        if signed.authenticator_data or signed.client_data_json:
            return "the key is no passkey, and a passkey's data came with the signature"
        return _wrong(key, signed.signature, statement.text)
    flaw = _flaw_in_client_data(signed.client_data_json, key.origin, statement.challenge)
    flaw = flaw or _flaw_in_authenticator_data(signed.authenticator_data, key.origin)
    if flaw:
        return flaw
    text = signed.authenticator_data + sha256(signed.client_data_json).digest()
    return _wrong(key, signed.signature, text)


def _wrong(key: OwnerKey, signature: bytes, text: bytes) -> str | None:
    try:
        _check(key, signature, text)
    except (InvalidSignature, ValueError):  # ValueError: the key is no point of its curve
        return "the key did not sign this"
    return None


def _check(key: OwnerKey, signature: bytes, text: bytes) -> None:
    if key.algorithm is KeyAlgorithm.ED25519:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text)
        return
    numbers = cose_coordinates(key.algorithm, key.public_key)
    if numbers is None:
        raise InvalidSignature
    if key.algorithm is KeyAlgorithm.PASSKEY_ED25519:
        Ed25519PublicKey.from_public_bytes(numbers[0]).verify(signature, text)
        return
    x, y = (int.from_bytes(number, "big") for number in numbers)
    point = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    point.verify(signature, text, ECDSA(SHA256()))


def _flaw_in_client_data(client_data_json: bytes, origin: str, challenge: bytes) -> str | None:
    client_data = _object_in(client_data_json)
    if client_data is None:
        return "client_data_json is not a JSON object with each name once"
    expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    if client_data.get("type") != "webauthn.get":
        return "client_data_json is not of an assertion (webauthn.get)"
    if client_data.get("challenge") != expected:
        return "the passkey answered another challenge"
    if client_data.get("origin") != origin:
        return f"the passkey signed on another page than {origin}"
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        return "the passkey signed inside another page's frame"
    return None


def _flaw_in_authenticator_data(data: bytes, origin: str) -> str | None:
    if len(data) < _AUTHENTICATOR_DATA_MIN:
        return "authenticator_data is too short"
    host = urlsplit(origin).hostname or ""
    if data[:_FLAGS_AT] != sha256(host.encode()).digest():
        return f"the passkey is of another host than {host}"
    flags = data[_FLAGS_AT]
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        return "the passkey did not verify its user: ask for userVerification 'required'"
    return None


def _object_in(text: bytes) -> Mapping[str, Any] | None:
    """Return the JSON object; None: it is none, or says a name twice and so two things."""
    try:
        return _as_object(json.loads(text.decode(), object_pairs_hook=_each_name_once))
    except (ValueError, RecursionError):
        return None


def _as_object(value: Any) -> Mapping[str, Any] | None:  # noqa: ANN401  # whatever JSON can hold
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _each_name_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands there twice")
    return named
