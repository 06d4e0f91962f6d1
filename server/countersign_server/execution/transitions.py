"""Moving a command along its life: in the book and in the audit at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from countersign_server.audit.entries import Entry, Facts, Trace
from countersign_server.errors import IllegalTransition
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandEvent, next_state


async def advance(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    book: Book,
    command: Command,
    event: CommandEvent,
    *,
    trace: Trace,
    now: datetime,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Command:
    """Apply `event` to a command that the transaction holds, and return it as it now stands.

    Raises IllegalTransition.
    """
    after = next_state(command.state, event)
    values = {"state": after, "updated_at": now, "reason": reason, **(changes or {})}
    changed = await book.commands.change(command, values)
    if changed is None:
        raise IllegalTransition(f"the command is no longer {command.state}", state=command.state)
    facts = {"state": after, "event": event, "reason": reason}
    entry = entry_of(
        command, f"command.{after}", before={"state": command.state}, after=facts,
        trace=trace, now=now,
    )  # fmt: skip
    await book.record(entry)
    return changed


async def mark_offered(
    book: Book, ids: Sequence[UUID], *, trace: Trace, now: datetime
) -> Sequence[Command]:
    """Mark commands as offered, and return those that still may be."""
    offered = await book.commands.offer(ids, now)
    await book.record(
        *(
            entry_of(
                command,
                "command.offered",
                after={"state": command.state, "attempt": command.attempt},
                trace=trace,
                now=now,
            )
            for command in offered
            if command.offered_at == now
        )
    )
    return offered


async def ask_to_cancel(
    book: Book, command: Command, *, trace: Trace, now: datetime, reason: str
) -> None:
    """Ask that a granted command be dropped if it is not sent yet.

    It changes no state: only the bridge can tell.
    """
    await book.commands.change(command, {"cancel_asked": True})
    facts = {"state": command.state, "reason": reason}
    await book.record(entry_of(command, "command.cancel_asked", after=facts, trace=trace, now=now))


async def target_of(book: Book, command: Command) -> Command | None:
    """Return the command that opened what `command` is about; None: it opens something itself."""
    if command.opening_command_id is None:
        return None
    return await book.commands.held(command.opening_command_id)


def entry_of(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    command: Command,
    kind: str,
    *,
    before: Facts | None = None,
    after: Facts,
    trace: Trace,
    now: datetime,
) -> Entry:
    """Return the audit entry of something that happened to a command."""
    return Entry(
        kind=kind,
        subject=f"command:{command.id}",
        event_time=now,
        trace=trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        before=before,
        after=after,
    )
