"""What is kept of guards, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from countersign_guards.policy import Policy, default_policy
from countersign_guards.policy_text import parse_policy
from countersign_guards.state import GuardState

DEFAULT_VERSION = 0


class Side(StrEnum):
    """Which side of the link did something."""

    SERVER = "server"
    BRIDGE = "bridge"


class Act(StrEnum):
    """What a guard did."""

    WARNED = "warned"
    WARNING_LIFTED = "warning-lifted"
    CLOSING_ANNOUNCED = "closing-announced"
    CLOSING_DISMISSED = "closing-dismissed"
    CLOSING_CALLED_OFF = "closing-called-off"
    LATCHED = "latched"
    FLATTENING = "flattening"
    FLATTENED = "flattened"


@dataclass(frozen=True, slots=True)
class PaidIn:
    """What was paid in, as far as a balance holds it; `amount` None: the history did not add up."""

    balance: Decimal
    amount: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A guard as it is kept."""

    account_id: UUID
    owner_id: UUID
    state: GuardState
    policy_version: int = DEFAULT_VERSION
    changes: int = 0
    viewed_at: datetime | None = None
    due_at: datetime | None = None
    told_until: datetime | None = None
    kept_at: datetime | None = None  # when it was saved last
    paid: PaidIn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """A policy as it was set. Bytes of the owner's signature are hexadecimal."""

    account_id: UUID
    version: int
    owner_id: UUID
    text: str
    digest: str
    statement: str
    server_signature: bytes
    server_key_id: str
    owner_signature: Mapping[str, str] | None
    actor: str
    created_at: datetime


def policy_of(found: KeptPolicy | None, currency: str) -> Policy:
    """Return what an account is judged by: what its owner set, or the default."""
    return parse_policy(found.text) if found else default_policy(currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that a guard did."""

    id: UUID
    account_id: UUID
    owner_id: UUID
    natural_key: str
    act: Act
    side: Side
    rule_id: str
    standing: Mapping[str, Any] | None
    latch: Mapping[str, Any]
    close_at: datetime | None
    evidence_json: str
    policy_version: int
    event_time: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One closing of everything, from the trip on."""

    id: UUID
    account_id: UUID
    owner_id: UUID
    trip: str
    cause: str
    resets: int
    side: Side
    evidence: Mapping[str, Any] | None
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One attempt to close a position or to cancel an order.

    `command_id` None: the bridge closes by itself, or no command could be made; `outcome` says how
    it ended then.
    """

    id: UUID
    account_id: UUID
    owner_id: UUID
    alert_id: UUID | None
    cause: str
    side: Side
    command_id: UUID | None
    magic: int
    position_id: int
    order_ticket: int
    symbol: str
    position_side: str
    volume: Decimal | None
    attempt: int
    outcome: str = ""
    reason: str = ""
    created_at: datetime
    updated_at: datetime
