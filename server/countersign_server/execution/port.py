"""What approvals ask of commands: make one, take it back, and what it opened."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.commands_port import CommandPort, Exposure, Mandate
from countersign_server.audit.entries import Trace
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import UNGRANTED, CommandEvent, CommandState
from countersign_server.execution.store import (
    add_command,
    advance,
    ask_to_cancel,
    command_of,
    command_of_approval,
)
from countersign_server.execution.tables import commands, deals
from countersign_server.identifiers import uuid7

_OPENING = frozenset({"open", "place"})


def command_port() -> CommandPort:
    """Return the three functions for the app to hand to approvals."""
    return CommandPort(issue=_issue, withdraw=_withdraw, exposure=_exposure)


async def _issue(tx: AsyncConnection, mandate: Mandate, trace: Trace, now: datetime) -> UUID:
    command_id, opening = uuid7(now), None
    if mandate.opening_approval_id is not None:
        opening = await command_of_approval(tx, mandate.opening_approval_id)
    await add_command(
        tx,
        mandate,
        command_id=command_id,
        opening_command_id=opening.id if opening else None,
        trace=trace,
        now=now,
    )
    return command_id


async def _withdraw(
    tx: AsyncConnection, approval_id: UUID, reason: str, trace: Trace, now: datetime
) -> bool:
    command = await command_of_approval(tx, approval_id)
    if command is None or command.state is CommandState.REVOKED:
        return True
    if command.state in UNGRANTED:
        await advance(tx, command, CommandEvent.REVOKE, trace=trace, now=now, reason=reason)
        return True
    if command.state is CommandState.GRANTED:
        # Too late to guarantee; the bridge may still drop it, and says so if it does.
        await ask_to_cancel(tx, command, trace=trace, now=now, reason=reason)
    return False


async def _exposure(tx: AsyncConnection, approval_id: UUID) -> Exposure | None:
    # Read without holding it: whoever asks looks at many accounts, whose bridges must not wait.
    found = await tx.execute(select(commands).where(commands.c.approval_id == approval_id))
    row = found.one_or_none()
    command = command_of(row) if row else None
    if command is None or command.kind not in _OPENING:
        return None
    open_volume = await open_volume_of(tx, command)
    is_pending = (
        command.kind == "place" and command.state is CommandState.WORKING and not open_volume
    )
    if not command.filled_volume and not is_pending:
        return None
    return Exposure(command.id, command.kind, open_volume, is_pending)


async def open_volume_of(tx: AsyncConnection, command: Command) -> Decimal:
    """Return the lots that are still open of the position that a command opened."""
    if not command.position_id:
        return Decimal(0)
    found = await tx.scalar(
        select(
            func.coalesce(
                func.sum(case((deals.c.entry == "in", deals.c.volume), else_=-deals.c.volume)),
                0,
            )
        ).where(
            deals.c.account_id == command.account_id,
            deals.c.position_id == command.position_id,
            deals.c.entry.in_(["in", "out", "out-by"]),
        )
    )
    return max(Decimal(found or 0), Decimal(0))
