"""A command: one instruction to one account's terminal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from countersign_server.execution.lifecycle import CommandState


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One instruction to one account's terminal, as it stands."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    signal_id: UUID | None
    approval_id: UUID | None
    kind: str
    state: CommandState
    attempt: int
    instrument: str
    symbol: str
    side: str
    volume: Decimal | None
    price_min: Decimal | None
    price_max: Decimal | None
    intent_text: str
    intent_digest: str
    server_signature: bytes
    server_key_id: str
    owner_signature: Mapping[str, Any] | None
    magic: int
    opening_command_id: UUID | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    offered_at: datetime | None = None
    granted_at: datetime | None = None
    grant_id: bytes | None = None
    claim_nonce: bytes | None = None
    generation: int | None = None
    device_id: UUID | None = None
    reason: str = ""
    cancel_asked: bool = False
    order_ticket: int = 0
    position_id: int = 0
    filled_volume: Decimal = Decimal(0)
    average_price: Decimal | None = None
    # What a person said of it while it was in doubt; empty: nothing. Evidence beats it.
    settled_as: str = ""
    settled_at: datetime | None = None
    settlement_id: UUID | None = None  # of a close that a person asked for; None: it is not one
