"""Reading the event log: by question, or onwards from a place in the chain."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.tables import audit_entries, audit_seals


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry as it is stored. `sequence` 0 and empty hashes: it is not sealed yet."""

    id: int
    sequence: int
    event_time: datetime
    kind: str
    actor: str
    caller_address: str
    request_id: str
    owner_id: UUID | None
    subject: str
    signal_id: UUID | None
    account_id: UUID | None
    command_id: UUID | None
    before_json: str
    after_json: str
    previous_hash: bytes
    entry_hash: bytes

    @property
    def reason(self) -> str:
        """The upper-case reason that the entry gives; empty: none."""
        after: dict[str, Any] = json.loads(self.after_json) if self.after_json else {}
        return str(after.get("reason") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which entries are asked for. None and empty: all."""

    signal_id: UUID | None
    account_id: UUID | None
    command_id: UUID | None
    kind_prefix: str
    start_time: datetime | None
    end_time: datetime | None
    after_id: int
    limit: int


_SEALED = (
    audit_seals.c.sequence,
    audit_seals.c.previous_hash,
    audit_seals.c.entry_hash,
)
_EVERY = select(audit_entries, *_SEALED).join_from(
    audit_entries, audit_seals, audit_seals.c.entry_id == audit_entries.c.id, isouter=True
)
_IN_CHAIN = (
    select(audit_entries, *_SEALED)
    .join_from(audit_seals, audit_entries, audit_seals.c.entry_id == audit_entries.c.id)
    .order_by(audit_seals.c.sequence)
)


async def list_entries(tx: AsyncConnection, asked: Question) -> Sequence[LogEntry]:
    """Return entries that the transaction may see, oldest first, sealed or not."""
    entries = audit_entries.c
    conditions: list[ColumnElement[bool] | None] = [
        entries.id > asked.after_id,
        entries.signal_id == asked.signal_id if asked.signal_id else None,
        entries.account_id == asked.account_id if asked.account_id else None,
        entries.command_id == asked.command_id if asked.command_id else None,
        entries.kind.startswith(asked.kind_prefix, autoescape=True) if asked.kind_prefix else None,
        entries.event_time >= asked.start_time if asked.start_time else None,
        entries.event_time < asked.end_time if asked.end_time else None,
    ]
    found = await tx.execute(
        _EVERY.where(*(one for one in conditions if one is not None))
        .order_by(entries.id)
        .limit(asked.limit)
    )
    return [_entry(row) for row in found]


async def newest_sequence(tx: AsyncConnection) -> int:
    """Return how far the chain reaches; 0: nothing is sealed yet."""
    return await tx.scalar(select(func.max(audit_seals.c.sequence))) or 0


async def entries_between(
    tx: AsyncConnection,
    *,
    after: int,
    upto: int,
    limit: int,
    owners: Collection[UUID] | None = None,
) -> Sequence[LogEntry]:
    """Return up to `limit` sealed entries that the transaction may see, in their order.

    `owners`: only what concerns them.
    """
    sequence = audit_seals.c.sequence
    asked = _IN_CHAIN.where(sequence > after, sequence <= upto).limit(limit)
    if owners is not None:
        asked = asked.where(audit_entries.c.owner_id.in_(owners))
    found = await tx.execute(asked)
    return [_entry(row) for row in found]


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        id=row.id,
        sequence=row.sequence or 0,
        event_time=row.event_time,
        kind=row.kind,
        actor=row.actor,
        caller_address=row.caller_address,
        request_id=row.request_id,
        owner_id=row.owner_id,
        subject=row.subject,
        signal_id=row.signal_id,
        account_id=row.account_id,
        command_id=row.command_id,
        before_json=row.before_json,
        after_json=row.after_json,
        previous_hash=row.previous_hash or b"",
        entry_hash=row.entry_hash or b"",
    )
