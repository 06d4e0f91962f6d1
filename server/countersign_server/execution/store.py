"""Commands: made with their approval, moved along their life, found by id, account or tag."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.commands_port import Mandate
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.errors import IllegalTransition
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import (
    OPEN,
    UNGRANTED,
    CommandEvent,
    CommandState,
    next_state,
)
from countersign_server.execution.tables import command_tags, commands
from countersign_server.execution.tags import magic_of


def command_of(row: Row[Any]) -> Command:
    """Return a row of commands as a value."""
    facts: dict[str, Any] = dict(zip(row._fields, row, strict=True))  # pyright: ignore[reportPrivateUsage]  # as of any named tuple
    facts["state"] = CommandState(facts["state"])
    return Command(**facts)


async def add_command(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    tx: AsyncConnection,
    mandate: Mandate,
    *,
    command_id: UUID,
    opening_command_id: UUID | None,
    trace: Trace,
    now: datetime,
) -> None:
    """Store the command of an approved mandate, with the tag its first attempt will carry."""
    magic = magic_of(account_id=mandate.account_id, command_id=command_id, attempt=1)
    await tx.execute(
        insert(commands).values(
            id=command_id,
            owner_id=mandate.owner_id,
            account_id=mandate.account_id,
            signal_id=mandate.signal_id,
            approval_id=mandate.approval_id,
            kind=mandate.kind,
            state=CommandState.APPROVED,
            attempt=1,
            instrument=mandate.instrument,
            symbol=mandate.symbol,
            side=mandate.side,
            volume=mandate.volume,
            price_min=mandate.price_min,
            price_max=mandate.price_max,
            intent_text=mandate.intent_text,
            intent_digest=mandate.intent_digest,
            server_signature=mandate.server_signature,
            server_key_id=mandate.server_key_id,
            owner_signature=mandate.owner_signature,
            magic=magic,
            opening_command_id=opening_command_id,
            created_at=now,
            updated_at=now,
            expires_at=mandate.expires_at,
        )
    )
    await tx.execute(
        insert(command_tags).values(
            account_id=mandate.account_id,
            magic=magic,
            owner_id=mandate.owner_id,
            command_id=command_id,
            attempt=1,
        )
    )
    await record(tx, _approved(mandate, command_id, trace, now))


def _approved(mandate: Mandate, command_id: UUID, trace: Trace, now: datetime) -> Entry:
    return Entry(
        kind="command.approved",
        subject=f"command:{command_id}",
        event_time=now,
        trace=trace,
        owner_id=mandate.owner_id,
        signal_id=mandate.signal_id,
        account_id=mandate.account_id,
        command_id=command_id,
        after={
            "state": CommandState.APPROVED,
            "intent_digest": mandate.intent_digest,
            "approval_id": mandate.approval_id,
            "expires_at": mandate.expires_at,
        },
    )


async def advance(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    tx: AsyncConnection,
    command: Command,
    event: CommandEvent,
    *,
    trace: Trace,
    now: datetime,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Command:
    """Apply `event` to a command whose row the transaction holds, and return it as it now stands.

    Raises IllegalTransition.
    """
    after = next_state(command.state, event)
    values = {"state": after, "updated_at": now, "reason": reason, **(changes or {})}
    changed = await tx.execute(
        update(commands)
        # The row is held, so that this holds as well; if it ever does not, nothing is overwritten.
        .where(commands.c.id == command.id, commands.c.state == command.state)
        .values(values)
        .returning(commands)
    )
    row = changed.one_or_none()
    if row is None:
        raise IllegalTransition(f"the command is no longer {command.state}", state=command.state)
    entry = Entry(
        kind=f"command.{after}",
        subject=f"command:{command.id}",
        event_time=now,
        trace=trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        before={"state": command.state},
        after={"state": after, "event": event, "reason": reason},
    )
    await record(tx, entry)
    return command_of(row)


async def command_for_update(
    tx: AsyncConnection, command_id: UUID, *, account_id: UUID | None = None
) -> Command | None:
    """Return a command and hold its row until commit; None: none that the transaction may see."""
    found = await tx.execute(
        select(commands)
        .where(
            commands.c.id == command_id,
            commands.c.account_id == account_id if account_id else true(),
        )
        .with_for_update()
    )
    row = found.one_or_none()
    return command_of(row) if row else None


async def target_of(tx: AsyncConnection, command: Command) -> Command | None:
    """Return the command that opened what `command` is about; None: it opens something itself."""
    if command.opening_command_id is None:
        return None
    return await command_for_update(tx, command.opening_command_id)


async def command_of_approval(tx: AsyncConnection, approval_id: UUID) -> Command | None:
    """Return the command that an approval led to, and hold its row; None: it led to none."""
    found = await tx.execute(
        select(commands).where(commands.c.approval_id == approval_id).with_for_update()
    )
    row = found.one_or_none()
    return command_of(row) if row else None


async def command_tagged(tx: AsyncConnection, account_id: UUID, magic: int) -> Command | None:
    """Return the command whose order carries the tag, holding its row; None: it is not ours."""
    found = await tx.execute(
        select(commands)
        .join(command_tags, command_tags.c.command_id == commands.c.id)
        .where(command_tags.c.account_id == account_id, command_tags.c.magic == magic)
        .with_for_update(of=commands)
    )
    row = found.one_or_none()
    return command_of(row) if row else None


async def open_commands(tx: AsyncConnection, account_id: UUID) -> Sequence[Command]:
    """Return the account's commands that are not over, oldest first."""
    found = await tx.execute(
        select(commands)
        .where(commands.c.account_id == account_id, commands.c.state.in_(sorted(OPEN)))
        .order_by(commands.c.created_at, commands.c.id)
    )
    return [command_of(row) for row in found]


async def mark_offered(
    tx: AsyncConnection, ids: Sequence[UUID], *, trace: Trace, now: datetime
) -> Sequence[Command]:
    """Mark commands as offered and return those that still may be.

    That is: approved or offered, and not past their time.
    """
    changed = await tx.execute(
        update(commands)
        .where(
            commands.c.id.in_(ids),
            commands.c.state.in_(sorted(UNGRANTED)),
            commands.c.expires_at > func.clock_timestamp(),
            ~commands.c.cancel_asked,
        )
        .values(
            state=CommandState.OFFERED,
            offered_at=func.coalesce(commands.c.offered_at, now),
            updated_at=now,
        )
        .returning(commands)
    )
    offered = sorted(map(command_of, changed), key=lambda command: (command.created_at, command.id))
    await record(
        tx,
        *(
            Entry(
                kind="command.offered",
                subject=f"command:{command.id}",
                event_time=now,
                trace=trace,
                owner_id=command.owner_id,
                signal_id=command.signal_id,
                account_id=command.account_id,
                command_id=command.id,
                after={"state": command.state, "attempt": command.attempt},
            )
            for command in offered
            if command.offered_at == now
        ),
    )
    return offered


async def commands_of_signal(tx: AsyncConnection, signal_id: UUID) -> Sequence[Command]:
    """Return what a signal led to, oldest first."""
    found = await tx.execute(
        select(commands)
        .where(commands.c.signal_id == signal_id)
        .order_by(commands.c.created_at, commands.c.id)
        .limit(500)
    )
    return [command_of(row) for row in found]


async def commands_in_doubt(
    tx: AsyncConnection, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Command]:
    """Return the commands of which nobody knows whether they traded, the oldest doubt first."""
    doubtful = commands.c.state.in_([CommandState.IN_DOUBT, CommandState.PRESUMED_NOT_EXECUTED])
    found = await tx.execute(
        select(commands)
        .where(
            and_(
                doubtful,
                func.row(commands.c.updated_at, commands.c.id) > func.row(*after)
                if after
                else true(),
            )
        )
        .order_by(commands.c.updated_at, commands.c.id)
        .limit(limit)
    )
    return [command_of(row) for row in found]


async def overdue(
    tx: AsyncConnection,
    *,
    states: Sequence[CommandState],
    column: str,
    before: datetime,
    limit: int,
) -> Sequence[Command]:
    """Return commands in `states` whose time in `column` is not after `before`.

    Those that others hold are left to them.
    """
    found = await tx.execute(
        select(commands)
        .where(commands.c.state.in_(states), commands.c[column] <= before)
        .order_by(commands.c[column])
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [command_of(row) for row in found]


async def ask_to_cancel(
    tx: AsyncConnection, command: Command, *, trace: Trace, now: datetime, reason: str
) -> None:
    """Ask that a granted command be dropped if it is not sent yet.

    It changes no state: only the bridge can tell.
    """
    await tx.execute(update(commands).where(commands.c.id == command.id).values(cancel_asked=True))
    entry = Entry(
        kind="command.cancel_asked",
        subject=f"command:{command.id}",
        event_time=now,
        trace=trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        after={"state": command.state, "reason": reason},
    )
    await record(tx, entry)
