"""What is known of commands: their reports, deals and evidence, and who may see how much of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.execution.lifecycle import DOUBTFUL, UNGRANTED, CommandState
from countersign_server.execution.report import Report
from countersign_server.execution.settlement import held_by
from countersign_server.execution.sql_commands import command_of
from countersign_server.execution.sql_records import deal_of, report_of
from countersign_server.execution.tables import command_reports, commands, deals
from countersign_server.execution.wire import command_message
from countersign_server.signals.tables import signals


@dataclass(frozen=True, slots=True)
class Sight:
    """Who looks: a producer sees its own signals; None: the transaction's own rows decide."""

    producer_id: UUID | None

    async def may_see(self, tx: AsyncConnection, signal_id: UUID) -> bool:
        """Tell whether the signal is there for whoever looks."""
        found = await tx.scalar(select(signals.c.producer_id).where(signals.c.id == signal_id))
        return found is not None and self.producer_id in (None, found)


async def shown_commands(
    tx: AsyncConnection, found: Sequence[Command], *, full: bool
) -> list[pb.Command]:
    """Return commands with what was reported of them and the deals they made."""
    reports, made = await _reports_of(tx, found), await _deals_of(tx, found)
    doubts = await _unsettled_doubts(tx, found if full else ())
    return [
        command_message(
            command,
            reports=reports[command.id],
            deals=made[command.id],
            held_by=held_by(command, doubts),
            full=full,
        )
        for command in found
    ]


async def _unsettled_doubts(tx: AsyncConnection, found: Sequence[Command]) -> Sequence[Command]:
    """Return what may hold some of the commands back."""
    waiting = {command.account_id for command in found if command.state in UNGRANTED}
    if not waiting:
        return []
    doubts = await tx.execute(
        select(commands)
        .where(
            commands.c.account_id.in_(waiting),
            commands.c.state.in_(sorted(DOUBTFUL)),
            commands.c.settled_as == "",
        )
        .order_by(commands.c.id)
    )
    return [command_of(row) for row in doubts]


async def _reports_of(
    tx: AsyncConnection, found: Sequence[Command]
) -> Mapping[UUID | None, Sequence[Report]]:
    rows = await tx.execute(
        select(command_reports)
        .where(
            command_reports.c.command_id.in_([command.id for command in found]),
            # A report counts for the account it came from, whatever command it names.
            command_reports.c.account_id.in_({command.account_id for command in found}),
        )
        .order_by(command_reports.c.received_at, command_reports.c.natural_key)
        .limit(10_000)
    )
    grouped: defaultdict[UUID | None, list[Report]] = defaultdict(list)
    for row in rows:
        grouped[row.command_id].append(report_of(row))
    return grouped


async def _deals_of(
    tx: AsyncConnection, found: Sequence[Command]
) -> Mapping[UUID | None, Sequence[Deal]]:
    rows = await tx.execute(
        select(deals)
        .where(deals.c.command_id.in_([command.id for command in found]))
        .order_by(deals.c.ticket)
        .limit(10_000)
    )
    grouped: defaultdict[UUID | None, list[Deal]] = defaultdict(list)
    for row in rows:
        grouped[row.command_id].append(deal_of(row))
    return grouped


async def count_executed(tx: AsyncConnection, signal_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many commands of each signal have traded."""
    found = await tx.execute(
        select(commands.c.signal_id, func.count())
        .where(
            commands.c.signal_id.in_(signal_ids),
            commands.c.state.in_([CommandState.EXECUTED, CommandState.PARTIAL]),
            # A person's close of what was in doubt is not the signal's own doing.
            commands.c.settlement_id.is_(None),
        )
        .group_by(commands.c.signal_id)
    )
    return {row[0]: row[1] for row in found}


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
    """Return the commands in doubt that nobody has settled, the oldest doubt first."""
    doubtful = and_(commands.c.state.in_(sorted(DOUBTFUL)), commands.c.settled_as == "")
    place = func.row(commands.c.updated_at, commands.c.id)
    found = await tx.execute(
        select(commands)
        .where(doubtful, place > func.row(*after) if after else true())
        .order_by(commands.c.updated_at, commands.c.id)
        .limit(limit)
    )
    return [command_of(row) for row in found]
