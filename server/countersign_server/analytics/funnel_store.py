"""How far signals came, counted in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics.funnel import Group
from countersign_server.approvals.tables import approvals
from countersign_server.execution.tables import commands

_GROUPS_MAX = 5_000


async def groups_of(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    producer_id: UUID | None,
    start: datetime,
    end: datetime,
) -> Sequence[Group]:
    """Return signals laid before accounts from `start` until before `end`, by how far they came."""
    filled = commands.c.filled_volume > 0
    command_state = case((filled, literal("executed")), else_=func.coalesce(commands.c.state, ""))
    # What an owner wrote when rejecting is nobody's statistic.
    declined = approvals.c.state == "declined"
    reason = case((declined, approvals.c.reason), else_=literal(""))
    columns = (
        approvals.c.state,
        reason,
        command_state,
        func.coalesce(commands.c.reason, ""),
    )
    newest = func.max(cast(approvals.c.signal_id, Text))
    asked = (
        select(*columns, func.count(), newest)
        .join(commands, commands.c.approval_id == approvals.c.id, isouter=True)
        .where(approvals.c.created_at >= start, approvals.c.created_at < end)
        .group_by(*columns)
        .limit(_GROUPS_MAX)
    )
    if account_id is not None:
        asked = asked.where(approvals.c.account_id == account_id)
    if producer_id is not None:
        asked = asked.where(approvals.c.producer_id == producer_id)
    return [Group(*row[:5], UUID(row[5])) for row in await tx.execute(asked)]
