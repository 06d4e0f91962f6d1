"""Taking in what the bridge's guard did while nobody could be asked, so that both tell the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign.v1 import execution_pb2 as pb, guards_pb2
from countersign_guards.effects import Effects
from countersign_guards.guardian import agree
from countersign_guards.state import GuardState
from countersign_server.audit.entries import Trace
from countersign_server.execution.report import Report
from countersign_server.execution.wire import OUTCOME_NAMES
from countersign_server.guards.book import GuardBook
from countersign_server.guards.latches import latch_facts, latch_of, told_standing
from countersign_server.guards.records import Act, Closing, Happening, Kept, Side
from countersign_server.guards.telling import account_entry, entry_of, new_alert, trip_of
from countersign_server.guards.view import DIRECTIONS
from countersign_server.identifiers import Random, uuid7
from countersign_server.rpc.conversion import from_timestamp

ACTS = {
    guards_pb2.GUARD_ACT_WARNED: Act.WARNED,
    guards_pb2.GUARD_ACT_WARNING_LIFTED: Act.WARNING_LIFTED,
    guards_pb2.GUARD_ACT_CLOSING_ANNOUNCED: Act.CLOSING_ANNOUNCED,
    guards_pb2.GUARD_ACT_CLOSING_DISMISSED: Act.CLOSING_DISMISSED,
    guards_pb2.GUARD_ACT_CLOSING_CALLED_OFF: Act.CLOSING_CALLED_OFF,
    guards_pb2.GUARD_ACT_LATCHED: Act.LATCHED,
    guards_pb2.GUARD_ACT_FLATTENING: Act.FLATTENING,
    guards_pb2.GUARD_ACT_FLATTENED: Act.FLATTENED,
}
# What a bridge's word of an end is here; of what is not in it nothing more is to come.
_OUTCOMES = {"executed": "done", "partial": "partial", "in-doubt": "in-doubt", "working": ""}


@dataclass(frozen=True, slots=True)
class Heard:
    """The guard after the bridge's story, and what agreeing with it led to."""

    kept: Kept
    effects: Effects


async def take_story(
    book: GuardBook,
    kept: Kept,
    reports: Sequence[Report],
    *,
    now: datetime,
    random: Random,
) -> Heard:
    """Take in what the bridge's guard told, each happening once, and agree with what it holds."""
    effects: Effects = ()
    for report in reports:
        trace = Trace(actor=f"device:{report.device_id}")
        state, more = await _take(book, kept, report, trace, now, random)
        kept, effects = replace(kept, state=state), (*effects, *more)
    newest = max((report.received_at for report in reports), default=None)
    if newest is not None:
        kept = replace(kept, told_until=max(newest, kept.told_until or newest))
    return Heard(kept, effects)


async def _take(  # noqa: PLR0913, PLR0917  # told apart by type
    book: GuardBook, kept: Kept, report: Report, trace: Trace, now: datetime, random: Random
) -> tuple[GuardState, Effects]:
    if report.kind == "guard-held":
        is_new = kept.told_until is None or report.received_at > kept.told_until
        held = pb.GuardHeld.FromString(report.body)
        return agree(kept.state, latch_of(held.latch)) if is_new else (kept.state, ())
    event = pb.Event.FromString(report.body)
    if report.kind == "guard-close":
        await _closed(book, kept, report, event.guard_close, trace, now)
        return kept.state, ()
    return await _acted(book, kept, report, event.guard_acted, trace, random)


async def _acted(  # noqa: PLR0913, PLR0917  # told apart by type
    book: GuardBook,
    kept: Kept,
    report: Report,
    acted: pb.GuardActed,
    trace: Trace,
    random: Random,
) -> tuple[GuardState, Effects]:
    latch, act = latch_of(acted.latch), ACTS[acted.act]
    standing = told_standing(acted.standing) if acted.HasField("standing") else None
    close_at = None
    if acted.HasField("close_time"):
        close_at = from_timestamp(acted.close_time, field="close_time")
    happening = Happening(
        id=uuid7(report.received_at, random),
        account_id=kept.account_id,
        owner_id=kept.owner_id,
        natural_key=report.natural_key,
        act=act,
        side=Side.BRIDGE,
        rule_id=acted.rule_id,
        standing=standing,
        latch=latch_facts(latch),
        close_at=close_at,
        evidence_json=acted.evidence_json,
        policy_version=acted.policy_version,
        event_time=report.event_time,
        received_at=report.received_at,
    )
    if not await book.story.add(happening):
        return kept.state, ()
    await book.execution.record(entry_of(happening, trace))
    if act is Act.FLATTENING:
        alert = new_alert(
            kept,
            cause=acted.rule_id,
            latch=latch,
            side=Side.BRIDGE,
            evidence=standing,
            at=report.event_time,
            random=random,
        )
        await book.story.begin(alert)
    if act is Act.FLATTENED:
        await book.story.end(
            kept.account_id, report.event_time, trip=trip_of(acted.rule_id, latch.resets)
        )
    if act is Act.FLATTENING and acted.rule_id in kept.state.closed:
        return kept.state, ()  # what it began then is over here, or the next view shows that not
    return agree(kept.state, latch)


async def _closed(  # noqa: PLR0913, PLR0917  # told apart by type
    book: GuardBook,
    kept: Kept,
    report: Report,
    close: pb.GuardClose,
    trace: Trace,
    now: datetime,
) -> None:
    alert_id = await book.story.of_trip(kept.account_id, trip_of(close.cause, close.resets))
    closing = _closing(kept, report, close, alert_id)
    if not await book.closings.save(closing):
        return
    facts = {
        "closing_id": closing.id,
        "cause": closing.cause,
        "position_id": str(closing.position_id),
        "order_ticket": str(closing.order_ticket),
        "symbol": closing.symbol,
        "volume": closing.volume,
        "outcome": closing.outcome or "under-way",
        "reason": closing.reason,
        "magic": str(closing.magic),
    }
    is_result = close.phase == pb.GUARD_CLOSE_PHASE_RESULT
    kind = "guard.closed_at_bridge" if is_result else "guard.closing_at_bridge"
    entry = account_entry(kept.account_id, kept.owner_id, kind, facts, trace=trace, now=now)
    await book.execution.record(entry)


def _closing(kept: Kept, report: Report, close: pb.GuardClose, alert_id: UUID | None) -> Closing:
    outcome = ""
    if close.phase == pb.GUARD_CLOSE_PHASE_RESULT:
        outcome = _OUTCOMES.get(OUTCOME_NAMES[close.outcome], "failed")
    return Closing(
        id=UUID(close.attempt_id),
        account_id=kept.account_id,
        owner_id=kept.owner_id,
        alert_id=alert_id,
        cause=close.cause,
        side=Side.BRIDGE,
        command_id=None,
        magic=close.magic,
        position_id=close.position_id,
        order_ticket=close.pending_ticket,
        symbol=close.symbol,
        position_side=DIRECTIONS[close.side],
        volume=Decimal(close.volume) if close.volume else None,
        attempt=1,
        outcome=outcome,
        reason=close.reason,
        created_at=report.event_time,
        updated_at=report.event_time,
    )
