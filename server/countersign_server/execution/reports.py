"""What devices say happened: each happening counts once, however often it is told.

Every function runs in the transaction that its caller commits before anything is acknowledged.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.wire import properties_from_message, quote_from_message
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.deals import apply_deal
from countersign_server.execution.lifecycle import (
    SAYS_TRADED,
    CommandEvent,
    CommandState,
    contradicts,
    is_possible,
)
from countersign_server.execution.portfolio import take_snapshot
from countersign_server.execution.report import ABSENT, FOUND, Reporter
from countersign_server.execution.reporting import (
    account_entry,
    doubt_if_ungranted,
    lift_mark,
    note_contradiction,
    note_for_people,
    read_at,
    remember,
    time_of,
)
from countersign_server.execution.settlement import contradicts_mark
from countersign_server.execution.transitions import advance, entry_of
from countersign_server.execution.wire import EVENT_OF_OUTCOME, OUTCOME_NAMES
from countersign_server.rpc.conversion import from_timestamp

# MetaTrader's ORDER_STATE of orders that are over.
_ORDER_CANCELED, _ORDER_FILLED, _ORDER_REJECTED, _ORDER_EXPIRED = 2, 4, 5, 6
_ORDER_REASONS = {
    _ORDER_CANCELED: "ORDER_CANCELED",
    _ORDER_REJECTED: "ORDER_REJECTED",
    _ORDER_EXPIRED: "ORDER_EXPIRED",
}


async def apply_event(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    """Take in one event. A repeat changes nothing."""
    body = event.WhichOneof("body") or ""
    await _APPLY[body](book, reporter, event, now)


async def apply_result(
    book: Book,
    reporter: Reporter,
    result: pb.AttemptResult,
    event_time: datetime,
    now: datetime,
) -> Command | None:
    """Take in the end of an attempt; None: there is no such command on this account."""
    natural_key = f"result:{result.command_id}:{result.attempt}"
    command = await book.commands.held(UUID(result.command_id), account_id=reporter.account_id)
    if command is None:
        return None
    outcome = OUTCOME_NAMES[result.outcome]
    # In doubt is not an end: the end that follows has the same key and must not count as a repeat.
    key = f"{natural_key}:in-doubt" if outcome == "in-doubt" else natural_key
    is_new = await remember(
        book,
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
    # Told again, a result still answers a doubt that came after it: a restored book asks afresh.
    answers = outcome != "in-doubt" and command.state is CommandState.IN_DOUBT
    if not is_new and not answers:
        return command
    event = EVENT_OF_OUTCOME[outcome]
    is_entitled = _is_entitled(reporter, command, result)
    if not is_possible(command.state, event) or not is_entitled:
        if is_new and (not is_entitled or contradicts(command.state, event)):
            await note_contradiction(book, reporter, command, f"result {outcome}", now)
        return await doubt_if_ungranted(book, reporter, command, now)
    if contradicts_mark(command, event):
        command = await lift_mark(book, reporter, command, f"result {outcome}", now)
    tickets = {"order_ticket": result.order_ticket or command.order_ticket}
    return await advance(
        book, command, event, trace=reporter.trace, now=now, reason=result.reason, changes=tickets
    )


def _is_entitled(reporter: Reporter, command: Command, result: pb.AttemptResult) -> bool:
    """Tell whether the result is of the attempt that was granted.

    Only who was given the one permission can know that nothing was sent with it: its grant proves
    it, or that it is the very device whose grant was lost on the way.
    """
    if result.attempt != command.attempt:
        return False
    if _is_forgotten(command) and EVENT_OF_OUTCOME[OUTCOME_NAMES[result.outcome]] in SAYS_TRADED:
        # A restored book has lost the grant. That something was done shows at the broker as well.
        return bool(result.grant_id)
    if result.grant_id:
        return result.grant_id == command.grant_id
    return reporter.device_id == command.device_id


def _is_forgotten(command: Command) -> bool:
    return command.state is CommandState.IN_DOUBT and command.grant_id is None


async def _received(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await _step(book, reporter, event, now, kind="received", body=event.received)


async def _intent(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await _step(book, reporter, event, now, kind="intent", body=event.intent)


async def _step(  # noqa: PLR0913  # four that are told apart by type, the rest by name
    book: Book,
    reporter: Reporter,
    event: pb.Event,
    now: datetime,
    *,
    kind: str,
    body: pb.CommandReceived | pb.IntentRecorded,
) -> None:
    command = await book.commands.held(UUID(body.command_id), account_id=reporter.account_id)
    if command is None:
        return
    is_new = await remember(
        book,
        reporter,
        f"{kind}:{body.command_id}:{body.attempt}",
        kind=kind,
        command_id=UUID(body.command_id),
        body=body.SerializeToString(),
        event_time=time_of(event),
        now=now,
    )
    if is_new:
        entry = entry_of(
            command,
            f"command.{kind}",
            after={"attempt": body.attempt},
            trace=reporter.trace,
            now=now,
        )
        await book.record(entry)
        if kind == "intent":
            await doubt_if_ungranted(book, reporter, command, now)


async def _result(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await apply_result(book, reporter, event.result, time_of(event), now)


async def _deal(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await apply_deal(book, reporter, event.deal, time_of(event), now)


async def _order(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    order = event.order
    command = await book.commands.tagged(reporter.account_id, order.magic) if order.magic else None
    is_new = await remember(
        book,
        reporter,
        event.natural_key,
        kind="order",
        command_id=command.id if command else None,
        body=order.SerializeToString(),
        event_time=time_of(event),
        now=now,
    )
    # Told again, an order still answers a doubt that came after it.
    if command is None or not (is_new or command.state is CommandState.IN_DOUBT):
        return
    changes = {
        "order_ticket": order.ticket,
        "position_id": order.position_id or command.position_id,
    }
    shown = _shown_by_order(order, command)
    if contradicts_mark(command, shown or CommandEvent.ACCEPT):
        command = await lift_mark(book, reporter, command, f"order {order.ticket}", now)
    if shown is not None and is_possible(command.state, shown):
        await advance(
            book,
            command,
            shown,
            trace=reporter.trace,
            now=now,
            reason=_ORDER_REASONS.get(order.state, ""),
            changes=changes,
        )
        return
    command = await book.commands.change(command, changes) or command
    await doubt_if_ungranted(book, reporter, command, now)


def _shown_by_order(order: pb.OrderReport, command: Command) -> CommandEvent | None:
    """Return what an order means for the command whose tag it carries.

    None: nothing that is not known already, or that its deals do not tell better.
    """
    if command.state not in (CommandState.WORKING, CommandState.IN_DOUBT):
        return None
    if not order.final:
        # Whoever sent it, and whatever was forgotten of that: the broker has it.
        return CommandEvent.ACCEPT if command.state is CommandState.IN_DOUBT else None
    if order.state == _ORDER_FILLED:
        return CommandEvent.EXECUTE
    if order.state in _ORDER_REASONS:
        # Its deals may come later than the order itself, which already shows what is left of it.
        is_part_filled = Decimal(order.volume_current) < Decimal(order.volume_initial)
        is_part = is_part_filled or bool(command.filled_volume)
        return CommandEvent.FILL_PART if is_part else CommandEvent.REJECT
    return None


async def _snapshot(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await take_snapshot(book, reporter, event.snapshot, read_at=read_at(event, reporter), now=now)


async def _symbols(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    await book.accounts.save_symbol_report(
        owner_id=reporter.owner_id,
        account_id=reporter.account_id,
        properties=[properties_from_message(one) for one in event.symbols.symbols],
        quotes=[quote_from_message(one) for one in event.symbols.quotes],
        now=now,
        trace=reporter.trace,
    )


async def _anomaly(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    anomaly = event.anomaly
    command_id = UUID(anomaly.command_id) if anomaly.command_id else None
    if command_id and not await book.commands.held(command_id, account_id=reporter.account_id):
        command_id = None
    await _tell(
        book,
        reporter,
        event,
        now,
        kind=f"anomaly.{anomaly.kind}",
        command_id=command_id,
        facts={"detail": anomaly.detail},
    )


async def _guard_trip(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    trip = event.guard_trip
    facts = {"guard": trip.guard, "state": trip.state, "evidence": trip.evidence_json}
    await _tell(
        book, reporter, event, now, kind="guard.tripped_at_bridge", command_id=None, facts=facts
    )


async def _guard_report(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    """Keep what the bridge's guard did; the guards of this side take it in."""
    body = event.WhichOneof("body") or ""
    await remember(
        book,
        reporter,
        event.natural_key,
        kind=body.replace("_", "-"),
        command_id=None,
        body=event.SerializeToString(),
        event_time=time_of(event),
        now=now,
    )


async def _evidence(book: Book, reporter: Reporter, event: pb.Event, now: datetime) -> None:
    evidence = event.evidence
    command = await book.commands.held(UUID(evidence.command_id), account_id=reporter.account_id)
    if command is None or command.attempt != evidence.attempt:
        return
    if evidence.HasField("connected_since_time"):
        from_timestamp(evidence.connected_since_time, field="connected_since_time")
    found = evidence.order_tickets or evidence.deal_tickets or evidence.position_tickets
    await remember(
        book,
        reporter,
        event.natural_key,
        kind="evidence",
        command_id=UUID(evidence.command_id),
        body=evidence.SerializeToString(),
        event_time=time_of(event),
        now=now,
        facts={"outcome": FOUND if found else ABSENT},
    )
    if found and contradicts_mark(command, CommandEvent.SHOW_PART):
        await lift_mark(book, reporter, command, "evidence of it", now)


_Apply = Callable[[Book, Reporter, pb.Event, datetime], Awaitable[None]]
_APPLY: Mapping[str, _Apply] = {
    "received": _received,
    "intent": _intent,
    "result": _result,
    "order": _order,
    "deal": _deal,
    "snapshot": _snapshot,
    "guard_trip": _guard_trip,
    "guard_acted": _guard_report,
    "guard_close": _guard_report,
    "anomaly": _anomaly,
    "symbols": _symbols,
    "evidence": _evidence,
}


async def _tell(  # noqa: PLR0913  # four that are told apart by type, the rest by name
    book: Book,
    reporter: Reporter,
    event: pb.Event,
    now: datetime,
    *,
    kind: str,
    command_id: UUID | None,
    facts: Mapping[str, Any],
) -> None:
    """Keep an event that is for people, once."""
    is_new = await remember(
        book,
        reporter,
        event.natural_key,
        kind=kind.partition(".")[0],
        command_id=command_id,
        body=event.SerializeToString(),
        event_time=time_of(event),
        now=now,
    )
    if not is_new:
        return
    if kind.startswith("anomaly."):
        await note_for_people(book, reporter, kind, facts, now, command_id=command_id)
    else:
        await book.record(account_entry(reporter, kind, facts, now, command_id=command_id))
