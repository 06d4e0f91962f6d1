"""What devices say happened: each happening counts once, however often it is told.

Every function runs in the transaction that its caller commits before anything is acknowledged.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.store import save_snapshot
from countersign_server.accounts.symbol_store import save_symbol_report
from countersign_server.accounts.wire import properties_from_message, quote_from_message
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.execution.fills import filled_by, shown_by
from countersign_server.execution.lifecycle import (
    CONTRADICTED_BY_A_DEAL,
    CommandEvent,
    CommandState,
    is_possible,
)
from countersign_server.execution.measures import anomalies_total, deals_total
from countersign_server.execution.store import (
    Command,
    advance,
    command_for_update,
    command_tagged,
)
from countersign_server.execution.tables import command_reports, commands, deals
from countersign_server.execution.wire import EVENT_OF_OUTCOME, OUTCOME_NAMES, deal_values
from countersign_server.rpc.conversion import from_timestamp

log = structlog.get_logger()

# MetaTrader's ORDER_STATE of orders that are over.
_ORDER_CANCELED, _ORDER_FILLED, _ORDER_REJECTED, _ORDER_EXPIRED = 2, 4, 5, 6
_ORDER_REASONS = {
    _ORDER_CANCELED: "ORDER_CANCELED",
    _ORDER_REJECTED: "ORDER_REJECTED",
    _ORDER_EXPIRED: "ORDER_EXPIRED",
}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, for which account, in which session."""

    account_id: UUID
    owner_id: UUID
    device_id: UUID
    session_epoch: bytes
    trace: Trace


async def apply_event(
    tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime
) -> None:
    """Take in one event. A repeat changes nothing."""
    body = event.WhichOneof("body") or ""
    await _APPLY[body](tx, reporter, event, now)


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


async def apply_result(
    tx: AsyncConnection,
    reporter: Reporter,
    result: pb.AttemptResult,
    event_time: datetime,
    now: datetime,
) -> Command | None:
    """Take in the end of an attempt; None: there is no such command on this account."""
    natural_key = f"result:{result.command_id}:{result.attempt}"
    command = await command_for_update(tx, UUID(result.command_id), account_id=reporter.account_id)
    outcome = OUTCOME_NAMES[result.outcome]
    # In doubt is not an end: the end that follows it has the same key and must not count as a repeat of it.
    key = f"{natural_key}:in-doubt" if outcome == "in-doubt" else natural_key
    is_new = await _remember(
        tx,
        reporter,
        key,
        kind="result",
        command_id=UUID(result.command_id),
        body=result.SerializeToString(),
        event_time=event_time,
        now=now,
        facts={
            "outcome": outcome,
            "retcode": result.retcode,
            "error_code": result.error_code,
            "reason": result.reason,
            "detail": result.detail,
        },
    )
    if command is None or not is_new:
        return command
    event = EVENT_OF_OUTCOME[outcome]
    if not is_possible(command.state, event):
        await _contradiction(tx, reporter, command, f"result {outcome}", now)
        return command
    tickets = {
        "order_ticket": result.order_ticket or command.order_ticket,
        # A hedging position's identifier is the ticket of the order that opened it, until a deal says otherwise.
    }
    return await advance(
        tx, command, event, trace=reporter.trace, now=now, reason=result.reason, changes=tickets
    )


async def _received(
    tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime
) -> None:
    await _step(tx, reporter, event, now, kind="received", body=event.received)


async def _intent(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await _step(tx, reporter, event, now, kind="intent", body=event.intent)


async def _step(
    tx: AsyncConnection,
    reporter: Reporter,
    event: pb.Event,
    now: datetime,
    *,
    kind: str,
    body: pb.CommandReceived | pb.IntentRecorded,
) -> None:
    command = await command_for_update(tx, UUID(body.command_id), account_id=reporter.account_id)
    is_new = await _remember(
        tx,
        reporter,
        f"{kind}:{body.command_id}:{body.attempt}",
        kind=kind,
        command_id=UUID(body.command_id),
        body=body.SerializeToString(),
        event_time=_time_of(event),
        now=now,
    )
    if command is not None and is_new:
        await record(
            tx, _entry(reporter, f"command.{kind}", command, {"attempt": body.attempt}, now)
        )


async def _result(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await apply_result(tx, reporter, event.result, _time_of(event), now)


async def _deal(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await apply_deal(tx, reporter, event.deal, _time_of(event), now)


async def _order(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    order = event.order
    command = await command_tagged(tx, reporter.account_id, order.magic) if order.magic else None
    is_new = await _remember(
        tx,
        reporter,
        event.natural_key,
        kind="order",
        command_id=command.id if command else None,
        body=order.SerializeToString(),
        event_time=_time_of(event),
        now=now,
    )
    if command is None or not is_new:
        return
    changes = {
        "order_ticket": order.ticket,
        "position_id": order.position_id or command.position_id,
    }
    ended = _end_of_order(order, command) if order.final else None
    if ended is not None and is_possible(command.state, ended):
        await advance(
            tx,
            command,
            ended,
            trace=reporter.trace,
            now=now,
            reason=_ORDER_REASONS.get(order.state, ""),
            changes=changes,
        )
        return
    await tx.execute(commands.update().where(commands.c.id == command.id).values(changes))


def _end_of_order(order: pb.OrderReport, command: Command) -> CommandEvent | None:
    """Return what an order that is over means for its command; None: nothing that its deals do not tell better."""
    if command.state not in (CommandState.WORKING, CommandState.IN_DOUBT):
        return None
    if order.state == _ORDER_FILLED:
        return CommandEvent.EXECUTE
    if order.state in _ORDER_REASONS:
        return CommandEvent.FILL_PART if command.filled_volume else CommandEvent.REJECT
    return None


async def _snapshot(
    tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime
) -> None:
    snapshot = event.snapshot
    await save_snapshot(
        tx,
        Snapshot(
            account_id=reporter.account_id,
            owner_id=reporter.owner_id,
            session_epoch=reporter.session_epoch,
            revision=snapshot.revision,
            balance=Decimal(snapshot.balance),
            equity=Decimal(snapshot.equity),
            body=snapshot.SerializeToString(),
            connected=snapshot.connected,
            event_time=_time_of(event),
            received_at=now,
        ),
    )


async def _symbols(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await save_symbol_report(
        tx,
        owner_id=reporter.owner_id,
        account_id=reporter.account_id,
        properties=[properties_from_message(one) for one in event.symbols.symbols],
        quotes=[quote_from_message(one) for one in event.symbols.quotes],
        now=now,
        trace=reporter.trace,
    )


async def _anomaly(tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    anomaly = event.anomaly
    command_id = UUID(anomaly.command_id) if anomaly.command_id else None
    await _tell(
        tx,
        reporter,
        event,
        now,
        kind=f"anomaly.{anomaly.kind}",
        command_id=command_id,
        facts={"detail": anomaly.detail},
    )


async def _guard_trip(
    tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime
) -> None:
    trip = event.guard_trip
    facts = {"guard": trip.guard, "state": trip.state, "evidence": trip.evidence_json}
    await _tell(
        tx, reporter, event, now, kind="guard.tripped_at_bridge", command_id=None, facts=facts
    )


async def _evidence(
    tx: AsyncConnection, reporter: Reporter, event: pb.Event, now: datetime
) -> None:
    evidence = event.evidence
    await _remember(
        tx,
        reporter,
        event.natural_key,
        kind="evidence",
        command_id=UUID(evidence.command_id),
        body=evidence.SerializeToString(),
        event_time=_time_of(event),
        now=now,
    )


_Apply = Callable[[AsyncConnection, Reporter, pb.Event, datetime], Awaitable[None]]
_APPLY: Mapping[str, _Apply] = {
    "received": _received,
    "intent": _intent,
    "result": _result,
    "order": _order,
    "deal": _deal,
    "snapshot": _snapshot,
    "guard_trip": _guard_trip,
    "anomaly": _anomaly,
    "symbols": _symbols,
    "evidence": _evidence,
}


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
        await _contradiction(tx, reporter, command, f"deal {deal.ticket}", now)
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


async def _contradiction(
    tx: AsyncConnection, reporter: Reporter, command: Command, what: str, now: datetime
) -> None:
    anomalies_total.inc()
    log.error(
        "evidence contradicts the state",
        command_id=str(command.id),
        account_id=str(command.account_id),
        state=command.state,
        evidence=what,
    )
    facts = {"state": command.state, "evidence": what}
    await record(tx, _entry(reporter, "anomaly.EVIDENCE_CONTRADICTS_STATE", command, facts, now))


async def _tell(
    tx: AsyncConnection,
    reporter: Reporter,
    event: pb.Event,
    now: datetime,
    *,
    kind: str,
    command_id: UUID | None,
    facts: Mapping[str, Any],
) -> None:
    """Keep an event that is for people, once."""
    is_new = await _remember(
        tx,
        reporter,
        event.natural_key,
        kind=kind.partition(".")[0],
        command_id=command_id,
        body=event.SerializeToString(),
        event_time=_time_of(event),
        now=now,
    )
    if is_new:
        anomalies_total.inc()
        entry = Entry(
            kind=kind,
            subject=f"account:{reporter.account_id}",
            event_time=now,
            trace=reporter.trace,
            owner_id=reporter.owner_id,
            account_id=reporter.account_id,
            command_id=command_id,
            after=facts,
        )
        await record(tx, entry)


async def _remember(
    tx: AsyncConnection,
    reporter: Reporter,
    natural_key: str,
    *,
    kind: str,
    command_id: UUID | None,
    body: bytes,
    event_time: datetime,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Keep a report; False: it was kept before."""
    stored = await tx.execute(
        insert(command_reports)
        .values(
            account_id=reporter.account_id,
            natural_key=natural_key,
            owner_id=reporter.owner_id,
            command_id=command_id,
            device_id=reporter.device_id,
            kind=kind,
            body=body,
            event_time=event_time,
            received_at=now,
            **(facts or {}),
        )
        .on_conflict_do_nothing()
        .returning(command_reports.c.natural_key)
    )
    return stored.one_or_none() is not None


def _time_of(event: pb.Event) -> datetime:
    return from_timestamp(event.event_time, field="event_time")


def _entry(
    reporter: Reporter, kind: str, command: Command, facts: Mapping[str, Any], now: datetime
) -> Entry:
    return Entry(
        kind=kind,
        subject=f"command:{command.id}",
        event_time=now,
        trace=reporter.trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        after=facts,
    )


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
