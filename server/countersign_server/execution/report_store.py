"""What bridges report, each report kept once under its natural key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import UNGRANTED, CommandEvent
from countersign_server.execution.measures import anomalies_total
from countersign_server.execution.store import advance
from countersign_server.execution.tables import command_reports
from countersign_server.rpc.conversion import from_timestamp

log = structlog.get_logger()

# What evidence shows, kept beside it so that it can be asked for.
FOUND, ABSENT = "found", "absent"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, for which account, in which session."""

    account_id: UUID
    owner_id: UUID
    device_id: UUID
    session_epoch: bytes
    trace: Trace


async def remember(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    tx: AsyncConnection,
    reporter: Reporter,
    natural_key: str,
    *,
    kind: str,
    command_id: UUID | None,
    body: bytes,
    event_time: datetime,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Keep a report; False: it was kept before."""
    stored = await tx.execute(
        insert(command_reports)
        .values(
            account_id=reporter.account_id,
            natural_key=natural_key,
            owner_id=reporter.owner_id,
            command_id=command_id,
            device_id=reporter.device_id,
            kind=kind,
            body=body,
            event_time=event_time,
            received_at=now,
            **(facts or {}),
        )
        .on_conflict_do_nothing()
        .returning(command_reports.c.natural_key)
    )
    return stored.one_or_none() is not None


async def note_contradiction(
    tx: AsyncConnection, reporter: Reporter, command: Command, what: str, now: datetime
) -> None:
    """Keep and count that what is reported contradicts what a command's state says."""
    anomalies_total.inc()
    log.error(
        "evidence contradicts the state",
        command_id=str(command.id),
        account_id=str(command.account_id),
        state=command.state,
        evidence=what,
    )
    facts = {"state": command.state, "evidence": what}
    await record(tx, entry_of(reporter, "anomaly.EVIDENCE_CONTRADICTS_STATE", command, facts, now))


async def doubt_if_ungranted(
    tx: AsyncConnection, reporter: Reporter, command: Command, now: datetime
) -> Command:
    """Put a command in doubt of which a bridge tells that it was sent, and we know of no grant.

    A restored backup has lost the grant: whatever holds here, it must not be granted again.
    """
    if command.state not in UNGRANTED:
        return command
    return await advance(
        tx, command, CommandEvent.DOUBT, trace=reporter.trace, now=now, reason="GRANT_UNKNOWN"
    )


async def refuse_event(
    tx: AsyncConnection, reporter: Reporter, natural_key: str, error: Exception, now: datetime
) -> None:
    """Keep that something was told which cannot be stored, so that it is not lost in silence."""
    anomalies_total.inc()
    log.error("event refused", account_id=str(reporter.account_id), error=str(error)[:300])
    name = "".join(c if c.isprintable() else "?" for c in natural_key)
    entry = Entry(
        kind="anomaly.EVENT_REFUSED",
        subject=f"account:{reporter.account_id}",
        event_time=now,
        trace=reporter.trace,
        owner_id=reporter.owner_id,
        account_id=reporter.account_id,
        after={"natural_key": name, "error": type(error).__name__},
    )
    await record(tx, entry)


def time_of(event: pb.Event) -> datetime:
    """Return when an event happened. Raises Invalid."""
    return from_timestamp(event.event_time, field="event_time")


def entry_of(
    reporter: Reporter, kind: str, command: Command, facts: Mapping[str, Any], now: datetime
) -> Entry:
    """Return the audit entry of something that was told about a command."""
    return Entry(
        kind=kind,
        subject=f"command:{command.id}",
        event_time=now,
        trace=reporter.trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        after=facts,
    )
