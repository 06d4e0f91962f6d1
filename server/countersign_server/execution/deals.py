"""Deals: each stored once, and what they show of the command that they carry the tag of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.execution.command import Command
from countersign_server.execution.fills import filled_by, shown_by
from countersign_server.execution.lifecycle import CONTRADICTED_BY_A_DEAL, is_possible
from countersign_server.execution.measures import deals_total
from countersign_server.execution.report_store import Reporter, note_contradiction
from countersign_server.execution.store import advance, command_tagged
from countersign_server.execution.tables import commands, deals
from countersign_server.execution.wire import deal_values


async def apply_deal(
    tx: AsyncConnection, reporter: Reporter, deal: pb.Deal, event_time: datetime, now: datetime
) -> Command | None:
    """Store a deal and let it show what became of its command; None: it is not one of ours.

    A deal is what happened: it moves its command whatever was thought before.
    """
    command = await command_tagged(tx, reporter.account_id, deal.magic) if deal.magic else None
    stored = await tx.execute(
        insert(deals)
        .values(
            account_id=reporter.account_id,
            owner_id=reporter.owner_id,
            command_id=command.id if command else None,
            event_time=event_time,
            received_at=now,
            **deal_values(deal),
        )
        .on_conflict_do_nothing()
        .returning(deals.c.ticket)
    )
    if stored.one_or_none() is None:
        return command
    deals_total.inc()
    await record(tx, _deal_entry(reporter, deal, command, now))
    return await _show(tx, reporter, command, deal, now) if command else None


async def _show(
    tx: AsyncConnection, reporter: Reporter, command: Command, deal: pb.Deal, now: datetime
) -> Command:
    """Let the deals of a command say how much of it is done."""
    pairs: Sequence[Any] = (
        await tx.execute(
            select(deals.c.volume, deals.c.price).where(deals.c.command_id == command.id)
        )
    ).all()
    filled = filled_by((row.volume, row.price) for row in pairs)
    changes = {
        "filled_volume": filled.volume,
        "average_price": filled.average_price,
        "order_ticket": deal.order_ticket or command.order_ticket,
        "position_id": command.position_id or deal.position_id,
    }
    event = shown_by(filled, command.volume)
    if command.state in CONTRADICTED_BY_A_DEAL:
        await note_contradiction(tx, reporter, command, f"deal {deal.ticket}", now)
    if is_possible(command.state, event):
        return await advance(
            tx,
            command,
            event,
            trace=reporter.trace,
            now=now,
            reason=command.reason,
            changes=changes,
        )
    await tx.execute(commands.update().where(commands.c.id == command.id).values(changes))
    return command


def _deal_entry(reporter: Reporter, deal: pb.Deal, command: Command | None, now: datetime) -> Entry:
    facts = {
        "order_ticket": deal.order_ticket,
        "position_id": deal.position_id,
        "type": deal.type,
        "entry": deal.entry,
        "symbol": deal.symbol,
        "volume": deal.volume,
        "price": deal.price,
        "profit": deal.profit,
    }
    return Entry(
        kind="deal.recorded",
        subject=f"deal:{deal.ticket}",
        event_time=now,
        trace=reporter.trace,
        owner_id=reporter.owner_id,
        signal_id=command.signal_id if command else None,
        account_id=reporter.account_id,
        command_id=command.id if command else None,
        after=facts,
    )
