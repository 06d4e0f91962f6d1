"""What is known of a command in doubt: what was sent and when, and what its terminal shows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.store import snapshot_of
from countersign_server.execution.command import Command
from countersign_server.execution.history import shown_commands
from countersign_server.execution.report import Report
from countersign_server.execution.sql_book import SqlBook
from countersign_server.execution.sql_records import report_of, settlement_of
from countersign_server.execution.tables import command_reports, settlements
from countersign_server.execution.testimony import summary_of
from countersign_server.execution.wire import settlement_message
from countersign_server.rpc.conversion import to_timestamp

_SHOWN_MOST = 100


async def evidence_of(tx: AsyncConnection, command: Command) -> pb.GetEvidenceResponse:
    """Return everything that is known of a command, and say it in words."""
    (message,) = await shown_commands(tx, [command], full=True)
    newest = await SqlBook(tx).reports.newest_evidence(command)
    told = await _told_of(tx, command)
    snapshot = await snapshot_of(tx, command.account_id)
    answer = pb.GetEvidenceResponse(
        command=message,
        evidence=pb.Evidence.FromString(newest.body) if newest else None,
        evidence_time=to_timestamp(newest.received_at) if newest else None,
        intent_time=next((to_timestamp(r.event_time) for r in told if r.kind == "intent"), None),
        orders=_newest_orders(told),
        positions=_own_positions(snapshot, command),
        snapshot_time=to_timestamp(snapshot.event_time) if snapshot else None,
        snapshot_connected=snapshot is not None and snapshot.connected,
        settlements=await _settlements_of(tx, command),
    )
    answer.summary = summary_of(command, answer)
    return answer


async def _told_of(tx: AsyncConnection, command: Command) -> Sequence[Report]:
    """Return what was told of its sending and its orders, the newest first."""
    found = await tx.execute(
        select(command_reports)
        .where(
            command_reports.c.command_id == command.id,
            command_reports.c.account_id == command.account_id,
            command_reports.c.kind.in_(["intent", "order"]),
        )
        .order_by(command_reports.c.received_at.desc(), command_reports.c.natural_key.desc())
        .limit(_SHOWN_MOST)
    )
    return [report_of(row) for row in found]


def _newest_orders(told: Sequence[Report]) -> list[pb.OrderReport]:
    newest: dict[int, pb.OrderReport] = {}
    for report in told:
        if report.kind == "order":
            order = pb.OrderReport.FromString(report.body)
            newest.setdefault(order.ticket, order)
    return [newest[ticket] for ticket in sorted(newest)]


def _own_positions(snapshot: Snapshot | None, command: Command) -> list[pb.Position]:
    if snapshot is None:
        return []
    shown = pb.AccountSnapshot.FromString(snapshot.body).positions
    return [position for position in shown if position.magic == command.magic]


async def _settlements_of(tx: AsyncConnection, command: Command) -> list[pb.SettlementRecord]:
    rows = await tx.execute(
        select(settlements)
        .where(settlements.c.command_id == command.id)
        .order_by(settlements.c.created_at, settlements.c.id)
        .limit(_SHOWN_MOST)
    )
    said = [settlement_of(row) for row in rows]
    closes = {
        close.settlement_id: close for close in await SqlBook(tx).commands.closes_of(command.id)
    }
    return [settlement_message(one, closes.get(one.id)) for one in said]
