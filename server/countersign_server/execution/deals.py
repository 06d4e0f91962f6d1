"""Deals: each stored once, and what they show of the command that they carry the tag of."""

from dataclasses import replace
from datetime import datetime

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Entry, Facts
from countersign_server.decimals import decimal_text
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal, made_as
from countersign_server.execution.fills import filled_by, is_its_own, shown_by
from countersign_server.execution.lifecycle import CONTRADICTED_BY_A_DEAL, is_possible
from countersign_server.execution.measures import deals_total
from countersign_server.execution.report import Reporter
from countersign_server.execution.reporting import lift_mark, note_contradiction
from countersign_server.execution.settlement import contradicts_mark
from countersign_server.execution.transitions import advance
from countersign_server.execution.wire import deal_of


async def apply_deal(
    book: Book, reporter: Reporter, message: pb.Deal, event_time: datetime, now: datetime
) -> Command | None:
    """Store a deal and let it show what became of its command; None: it is not one of ours.

    A deal is what happened: it moves its command whatever was thought before. That the broker takes
    it back afterwards undoes no command: its order was carried out.
    """
    command = None
    if message.magic:
        command = await book.commands.tagged(reporter.account_id, message.magic)
    made = made_as(message.type)
    if command is not None and not is_its_own(command.kind, command.side, made):
        command = None
    deal = deal_of(
        message,
        account_id=reporter.account_id,
        owner_id=reporter.owner_id,
        command_id=command.id if command else None,
        event_time=event_time,
        received_at=now,
    )
    if deal.is_canceled:
        deal = replace(deal, entry="")
    if not await book.deals.add(deal):
        if deal.is_canceled:
            await _cancel(book, reporter, deal, command, now)
        return command
    deals_total.inc()
    await book.record(_entry(reporter, deal, command, now))
    return await _show(book, reporter, command, deal, now) if command else None


async def _cancel(
    book: Book, reporter: Reporter, deal: Deal, command: Command | None, now: datetime
) -> None:
    before = await book.deals.cancel(deal)
    if before is not None:
        entry = _entry(reporter, deal, command, now)
        await book.record(replace(entry, kind="deal.canceled", before=_facts(before)))


async def _show(
    book: Book, reporter: Reporter, command: Command, deal: Deal, now: datetime
) -> Command:
    """Let the deals of a command say how much of it is done."""
    filled = filled_by(await book.deals.fills(command.id))
    changes = {
        "filled_volume": filled.volume,
        "average_price": filled.average_price,
        "order_ticket": deal.order_ticket or command.order_ticket,
        "position_id": command.position_id or deal.position_id,
    }
    event = shown_by(filled, command.volume)
    if contradicts_mark(command, event):
        command = await lift_mark(book, reporter, command, f"deal {deal.ticket}", now)
    elif command.state in CONTRADICTED_BY_A_DEAL:
        await note_contradiction(book, reporter, command, f"deal {deal.ticket}", now)
    if command.volume is not None and filled.volume > command.volume:
        # It is booked as it is: what the broker did is true, and somebody must know.
        dealt, approved = decimal_text(filled.volume), decimal_text(command.volume)
        more = f"deal {deal.ticket}: {dealt} of {approved} lots"
        await note_contradiction(book, reporter, command, more, now)
    if is_possible(command.state, event):
        return await advance(
            book,
            command,
            event,
            trace=reporter.trace,
            now=now,
            reason=command.reason,
            changes=changes,
        )
    return await book.commands.change(command, changes) or command


def _entry(reporter: Reporter, deal: Deal, command: Command | None, now: datetime) -> Entry:
    return Entry(
        kind="deal.recorded",
        subject=f"deal:{deal.ticket}",
        event_time=now,
        trace=reporter.trace,
        owner_id=reporter.owner_id,
        signal_id=command.signal_id if command else None,
        account_id=reporter.account_id,
        command_id=command.id if command else None,
        after=_facts(deal),
    )


def _facts(deal: Deal) -> Facts:
    return {
        "order_ticket": deal.order_ticket,
        "position_id": deal.position_id,
        "type": deal.type,
        "entry": deal.entry,
        "symbol": deal.symbol,
        "volume": deal.volume,
        "price": deal.price,
        "profit": deal.profit,
    }
