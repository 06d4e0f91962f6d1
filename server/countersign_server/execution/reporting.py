"""What is kept of what bridges say, beside the change that it makes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Entry
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import UNGRANTED, CommandEvent
from countersign_server.execution.measures import anomalies_total
from countersign_server.execution.report import Report, Reporter
from countersign_server.execution.transitions import advance, entry_of
from countersign_server.rpc.conversion import from_timestamp

log = structlog.get_logger()

# Anomalies of one account within an hour that the audit tells one by one.
TOLD_IN_FULL = 64


async def remember(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    book: Book,
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
    """Keep a report; False: it was kept before. `facts` are more of its fields."""
    report = Report(
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
    return await book.reports.add(report)


async def note_contradiction(
    book: Book, reporter: Reporter, command: Command, what: str, now: datetime
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
    facts = {"state": command.state, "settled_as": command.settled_as, "evidence": what}
    kind = "anomaly.EVIDENCE_CONTRADICTS_STATE"
    await book.record(entry_of(command, kind, after=facts, trace=reporter.trace, now=now))


async def lift_mark(
    book: Book, reporter: Reporter, command: Command, what: str, now: datetime
) -> Command:
    """Let evidence beat what a person said of a command in doubt: the doubt is open again.

    That it was said stays on record.
    """
    await note_contradiction(book, reporter, command, what, now)
    lifted = {"settled_as": "", "settled_at": None}
    return await book.commands.change(command, lifted) or command


async def doubt_if_ungranted(
    book: Book, reporter: Reporter, command: Command, now: datetime
) -> Command:
    """Put a command in doubt of which a bridge tells that it was sent, and we know of no grant.

    A restored backup has lost the grant: whatever holds here, it must not be granted again.
    """
    if command.state not in UNGRANTED:
        return command
    return await advance(
        book, command, CommandEvent.DOUBT, trace=reporter.trace, now=now, reason="GRANT_UNKNOWN"
    )


async def refuse_event(
    book: Book, reporter: Reporter, natural_key: str, error: Exception, now: datetime
) -> None:
    """Keep that something was told which cannot be stored, so that it is not lost in silence."""
    log.error("event refused", account_id=str(reporter.account_id), error=str(error)[:300])
    name = "".join(c if c.isprintable() else "?" for c in natural_key)
    facts = {"natural_key": name, "error": type(error).__name__}
    await note_for_people(book, reporter, "anomaly.EVENT_REFUSED", facts, now)


async def note_for_people(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    book: Book,
    reporter: Reporter,
    kind: str,
    facts: Mapping[str, Any],
    now: datetime,
    *,
    command_id: UUID | None = None,
) -> None:
    """Count something that a person should know of the account, and keep it in the audit.

    Of a flood the audit keeps the first and then fewer and fewer, each with how many there were
    within the hour: a broken bridge must not bury what everybody else did.
    """
    anomalies_total.inc()
    hour = now.replace(minute=0, second=0, microsecond=0)
    count = await book.reports.count_anomaly(reporter.account_id, reporter.owner_id, hour=hour)
    if not is_told(count):
        return
    said = facts if count <= TOLD_IN_FULL else {**facts, "in_this_hour": count}
    await book.record(account_entry(reporter, kind, said, now, command_id=command_id))


def is_told(count: int) -> bool:
    """Tell whether the `count`-th anomaly of an hour is told in the audit by itself."""
    is_power_of_two = count & (count - 1) == 0
    return count <= TOLD_IN_FULL or is_power_of_two


def account_entry(
    reporter: Reporter,
    kind: str,
    facts: Mapping[str, Any],
    now: datetime,
    *,
    command_id: UUID | None,
) -> Entry:
    return Entry(
        kind=kind,
        subject=f"account:{reporter.account_id}",
        event_time=now,
        trace=reporter.trace,
        owner_id=reporter.owner_id,
        account_id=reporter.account_id,
        command_id=command_id,
        after=facts,
    )


def time_of(event: pb.Event) -> datetime:
    """Return when an event happened. Raises Invalid."""
    return from_timestamp(event.event_time, field="event_time")


def read_at(event: pb.Event, reporter: Reporter) -> datetime:
    """Return when a terminal was read, by our clock: how old a reading is decides what it is worth.

    Raises Invalid.
    """
    told = time_of(event)
    try:
        return told + reporter.clock.behind
    except OverflowError:  # at the end of time, where no correction is of use
        return told
