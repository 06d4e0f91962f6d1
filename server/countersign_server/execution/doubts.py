"""Commands in doubt, each with what its terminal showed last."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.presumption import Doubt
from countersign_server.execution.report_store import FOUND
from countersign_server.execution.tables import command_reports, commands


async def unspoken_doubts(
    tx: AsyncConnection, *, after: UUID, before: datetime, limit: int
) -> Sequence[Doubt]:
    """Return commands in doubt since `before` of which no evidence shows a trace, by id."""
    of_command = (
        command_reports.c.command_id == commands.c.id,
        command_reports.c.account_id == commands.c.account_id,
        command_reports.c.kind == "evidence",
    )
    newest = (
        select(command_reports.c.body, command_reports.c.event_time, command_reports.c.received_at)
        .where(*of_command)
        .order_by(command_reports.c.event_time.desc(), command_reports.c.natural_key.desc())
        .limit(1)
        .lateral("newest")
    )
    speaks = select(command_reports.c.natural_key).where(
        *of_command, command_reports.c.outcome == FOUND
    )
    found = await tx.execute(
        select(
            commands.c.id,
            func.coalesce(commands.c.granted_at, commands.c.updated_at),
            newest.c.body,
            func.least(newest.c.event_time, newest.c.received_at),
        )
        .join(newest, true())
        .where(
            commands.c.state == CommandState.IN_DOUBT,
            commands.c.updated_at <= before,
            commands.c.id > after,
            ~speaks.exists(),
        )
        .order_by(commands.c.id)
        .limit(limit)
    )
    return [Doubt(row[0], row[1], pb.Evidence.FromString(bytes(row[2])), row[3]) for row in found]
