"""Writing to the event log, inside the transaction that it tells of."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry, canonical_json
from countersign_server.audit.tables import audit_entries

_INSERT = insert(audit_entries)


async def record(tx: AsyncConnection, *entries: Entry) -> None:
    """Write `entries` in the order given. They are sealed into the hash chain after the commit."""
    if entries:
        await tx.execute(_INSERT, [row_of(entry) for entry in entries])


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry as a row of audit_entries."""
    return {
        "event_time": entry.event_time,
        "kind": entry.kind,
        "actor": entry.trace.actor,
        "caller_address": entry.trace.address,
        "request_id": entry.trace.request_id,
        "owner_id": entry.owner_id,
        "subject": entry.subject,
        "signal_id": entry.signal_id,
        "account_id": entry.account_id,
        "command_id": entry.command_id,
        "before_json": canonical_json(entry.before),
        "after_json": canonical_json(entry.after),
    }
