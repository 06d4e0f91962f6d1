"""Limits of an account, whatever it follows: looked at under its lock when a command is granted."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.tables import snapshots
from countersign_server.execution.lifecycle import REDUCING, CommandState
from countersign_server.execution.tables import commands

_MINUTE = timedelta(minutes=1)


async def limit_reached(
    tx: AsyncConnection,
    account_id: UUID,
    *,
    commands_per_minute: int | None,
    open_positions: int | None,
    now: datetime,
) -> str | None:
    """Return why the account may open nothing more now; None: it may.

    A limit of None is no limit.
    """
    if commands_per_minute is not None:
        granted = await tx.scalar(
            select(func.count())
            .select_from(commands)
            .where(commands.c.account_id == account_id, commands.c.granted_at > now - _MINUTE)
        )
        if (granted or 0) >= commands_per_minute:
            return "COMMANDS_PER_MINUTE"
    if open_positions is not None and await _open_positions(tx, account_id) >= open_positions:
        return "OPEN_POSITIONS"
    return None


async def _open_positions(tx: AsyncConnection, account_id: UUID) -> int:
    """Return how many positions there are or may be: those shown last, and what came after."""
    shown = (
        await tx.execute(
            select(snapshots.c.body, snapshots.c.received_at).where(
                snapshots.c.account_id == account_id
            )
        )
    ).one_or_none()
    unshown = commands.c.state.in_([CommandState.EXECUTED, CommandState.PARTIAL])
    if shown is not None:
        unshown = and_(unshown, commands.c.updated_at > shown.received_at)
    may_come = commands.c.state.in_(
        [CommandState.GRANTED, CommandState.WORKING, CommandState.IN_DOUBT]
    )
    coming = await tx.scalar(
        select(func.count())
        .select_from(commands)
        .where(
            commands.c.account_id == account_id,
            commands.c.kind.notin_(sorted(REDUCING)),
            or_(may_come, unshown),
        )
    )
    positions = len(pb.AccountSnapshot.FromString(bytes(shown.body)).positions) if shown else 0
    return positions + (coming or 0)
