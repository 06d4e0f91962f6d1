"""A strategy engine's identity, and the keys that it signs with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from countersign_server.accounts.account import TradingState


class KeyAlgorithm(StrEnum):
    """How a key signs. A property of the key, never of the message."""

    HMAC_SHA256 = "hmac-sha256"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """The identity of one strategy engine."""

    id: UUID
    owner_id: UUID
    name: str
    instruments: frozenset[str]  # empty: any
    listed: bool  # others may see and follow it
    paused: bool  # takes no signals
    created_at: datetime
    max_openings_per_minute: int | None = None  # signals that open or place; None: no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerKey:
    """A key that signs signals, without its secret."""

    id: str
    owner_id: UUID
    producer_id: UUID
    algorithm: KeyAlgorithm
    public_key: bytes | None  # of Ed25519
    created_at: datetime
    revoked_at: datetime | None  # when it ends, which may be to come
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedKey:
    """All that the verification of a signal asks of a key.

    `key` is the 32 bytes of the shared secret, or the public key of Ed25519.
    """

    id: str
    producer_id: UUID
    owner_id: UUID
    algorithm: KeyAlgorithm
    key: bytes
    revoked_at: datetime | None
    instruments: frozenset[str]  # empty: any
    paused: bool
    trading_state: TradingState = TradingState.ACTIVE  # what kill switches leave of the producer


def facts_of(producer: Producer) -> Mapping[str, Any]:
    """Return what the audit tells of a producer."""
    return {
        "name": producer.name,
        "instruments": sorted(producer.instruments),
        "listed": producer.listed,
        "paused": producer.paused,
        "max_openings_per_minute": producer.max_openings_per_minute,
    }


def key_facts_of(key: ProducerKey) -> Mapping[str, Any]:
    """Return what the audit tells of a key: never its secret."""
    return {
        "key_id": key.id,
        "algorithm": key.algorithm,
        "public_key": key.public_key,
        "revoked_at": key.revoked_at,
    }
