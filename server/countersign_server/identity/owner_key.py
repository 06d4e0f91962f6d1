"""A public key with which an owner signs approvals, and the name that is made of it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID

# So many in force for one owner; more devices than that sign for nobody.
IN_FORCE_MAX = 20

_ID_TAG = b"countersign.owner-key/1\0"
_ED25519_BYTES = 32


class KeyAlgorithm(StrEnum):
    """How a key signs. Fixed when it is registered; no message has a say in it."""

    ED25519 = "ed25519"
    PASSKEY_ES256 = "passkey-es256"
    PASSKEY_ED25519 = "passkey-ed25519"

    @property
    def is_passkey(self) -> bool:
        return self is not KeyAlgorithm.ED25519


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """One key of one owner. `origin`: the page a passkey signs on; empty for Ed25519."""

    id: str
    owner_id: UUID
    name: str
    algorithm: KeyAlgorithm
    public_key: bytes
    origin: str
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def subject(self) -> str:
        """How the audit names the key."""
        return f"owner_key:{self.id}"


def owner_key_id(algorithm: str, origin: str, public_key: bytes) -> str:
    """Return the name of a key: "own_" and the SHA-256 of all that makes it, in base64url.

    Who holds the name alone can tell the key from every other, and how it signs.
    """
    parts = (algorithm.encode(), origin.encode(), public_key)
    text = _ID_TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"own_{base64.urlsafe_b64encode(sha256(text).digest()).rstrip(b'=').decode()}"


# The two shapes of a passkey's key (COSE, RFC 9053), which CTAP2 has spelt in one way each: what
# stands before the first 32 bytes, and before the second.
_COSE_SHAPES: Mapping[KeyAlgorithm, tuple[bytes, ...]] = MappingProxyType(
    {
        KeyAlgorithm.PASSKEY_ES256: (
            bytes.fromhex("a5010203262001215820"),
            bytes.fromhex("225820"),
        ),
        KeyAlgorithm.PASSKEY_ED25519: (bytes.fromhex("a4010103272006215820"),),
    }
)


def algorithm_of(public_key: bytes, *, passkey: bool) -> KeyAlgorithm | None:
    """Return how a key signs, by its own form; None: it is of no form that is accepted."""
    if not passkey:
        return KeyAlgorithm.ED25519 if len(public_key) == _ED25519_BYTES else None
    for algorithm in _COSE_SHAPES:
        if cose_coordinates(algorithm, public_key) is not None:
            return algorithm
    return None


def cose_coordinates(algorithm: KeyAlgorithm, public_key: bytes) -> tuple[bytes, ...] | None:
    """Return the 32-byte numbers in a passkey's key; None: it is not of this algorithm's shape."""
    numbers: list[bytes] = []
    rest = public_key
    for prefix in _COSE_SHAPES[algorithm]:
        if not rest.startswith(prefix):
            return None
        number, rest = rest[len(prefix) : len(prefix) + 32], rest[len(prefix) + 32 :]
        numbers.append(number)
    return None if rest or len(numbers[-1]) != _ED25519_BYTES else tuple(numbers)
