"""What approvals need of commands: to make one, to take it back, and what it opened."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """An approved intent with the server's signature: all that a command is made of.

    Volumes in lots, prices in the quote currency; None: the kind has none, or no limit.
    """

    approval_id: UUID
    owner_id: UUID
    account_id: UUID
    signal_id: UUID
    kind: str
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
    opening_approval_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a command that opened or placed has at the broker now."""

    command_id: UUID
    kind: str
    open_volume: Decimal  # lots of its position that are open
    is_pending: bool  # its order waits at the broker, unfilled


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCommand:
    """An opening that was approved. `may_come`: the terminal may not have shown it yet."""

    account_id: UUID
    subscription_id: UUID | None
    symbol: str
    side: str
    volume: Decimal
    price: Decimal | None
    stop_loss: Decimal | None
    magic: int
    issued_at: datetime
    may_come: bool


Issue = Callable[[AsyncConnection, Mandate, Trace, datetime], Awaitable[UUID]]
Withdraw = Callable[[AsyncConnection, UUID, str, Trace, datetime], Awaitable[str | None]]
FindExposure = Callable[[AsyncConnection, UUID], Awaitable[Exposure | None]]
FindIssued = Callable[
    [AsyncConnection, Collection[UUID], datetime], Awaitable[Sequence[IssuedCommand]]
]


@dataclass(frozen=True, slots=True)
class CommandPort:
    """The four functions that the app hands over, so that this area imports no later one."""

    # Makes the command of an approval in its transaction and returns the command's id.
    issue: Issue
    # By approval id, with the reason; None: taken back; otherwise where it stands: too late.
    withdraw: Withdraw
    # By the id of the approval that opened; None: it led to nothing at the broker.
    exposure: FindExposure
    # Openings of accounts that were issued since a moment, or that may still come.
    issued: FindIssued
