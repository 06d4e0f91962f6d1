"""Openings that were approved and that the terminals may not have shown yet."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import snapshots
from countersign_server.approvals.commands_port import IssuedCommand
from countersign_server.approvals.tables import approvals
from countersign_server.execution.lifecycle import OPEN, OPENING, CommandState
from countersign_server.execution.tables import commands

# Whatever was done longer before the terminal was read, it has shown.
_SHOWN_AFTER = timedelta(minutes=10)

# Written out and not bound: a plan for whichever value could not use the index of these states.
_IS_OPEN = commands.c.state.in_([literal_column(f"'{state}'") for state in sorted(OPEN)])
_IS_DONE = commands.c.state.in_([CommandState.EXECUTED, CommandState.PARTIAL])
_MAY_COME = or_(
    _IS_OPEN,
    and_(
        _IS_DONE,
        or_(snapshots.c.received_at.is_(None), commands.c.updated_at > snapshots.c.received_at),
    ),
)
_WENT_FORTH = commands.c.state.not_in(
    [
        CommandState.REVOKED,
        CommandState.EXPIRED,
        CommandState.REJECTED,
        CommandState.NOT_SENT,
    ]
)
_COLUMNS = (
    commands.c.account_id,
    commands.c.symbol,
    commands.c.side,
    commands.c.volume,
    commands.c.magic,
    commands.c.created_at,
    approvals.c.subscription_id,
    approvals.c.stop_loss,
    # Where a pending order waits, or what the strategy saw.
    func.coalesce(approvals.c.price, approvals.c.signal_price).label("price"),
    _MAY_COME.label("may_come"),
)


async def issued_since(
    tx: AsyncConnection, account_ids: Collection[UUID], since: datetime
) -> Sequence[IssuedCommand]:
    """Return accounts' openings that were issued after `since`, and all that may still come.

    What was taken back, or surely not sent, is not in it.
    """
    newly = and_(
        commands.c.created_at > func.least(since, snapshots.c.received_at - _SHOWN_AFTER),
        or_(commands.c.created_at > since, _MAY_COME),
        _WENT_FORTH,
    )
    asked = (
        select(*_COLUMNS)
        .select_from(commands)
        .join(approvals, approvals.c.id == commands.c.approval_id)
        .join(snapshots, snapshots.c.account_id == commands.c.account_id, isouter=True)
        .where(commands.c.account_id.in_(account_ids), commands.c.kind.in_(sorted(OPENING)))
    )
    found = await tx.execute(asked.where(newly).union(asked.where(_IS_OPEN)))
    return [
        IssuedCommand(
            account_id=row.account_id,
            subscription_id=row.subscription_id,
            symbol=row.symbol,
            side=row.side,
            volume=row.volume,
            price=row.price,
            stop_loss=row.stop_loss,
            magic=row.magic,
            issued_at=row.created_at,
            may_come=row.may_come,
        )
        for row in found
    ]
