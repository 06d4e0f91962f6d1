"""The records of an attempt, each with the event that tells of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from countersign.v1 import execution_pb2
from countersign_bridge.decimals import NotCanonical, decimal_text
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.reporting.events import (
    anomaly_event,
    intent_event,
    received_event,
    result_event,
)
from countersign_bridge.trading.attempts import Attempt, Grant
from countersign_bridge.trading.requests import RequestFields, request_sha256
from countersign_bridge.trading.resolution import Found
from countersign_bridge.trading.retcodes import Outcome, SendAnswer, Verdict
from countersign_bridge.trading.verification import Offer, Refusal

AttemptKey = tuple[str, int]


def received_record(attempt: Attempt, time: datetime) -> Record:
    return Record(
        kind=RecordKind.RECEIVED,
        time=time,
        command_id=attempt.offer.command_id,
        attempt=attempt.offer.attempt,
        details={
            "magic": attempt.offer.magic,
            "approval": str(attempt.intent.approval),
            "digest": attempt.offer.intent_digest,
            "kind": str(attempt.intent.kind),
            "symbol": attempt.intent.symbol,
        },
        event=received_event(attempt.key, time).SerializeToString(),
    )


def declined_record(offer: Offer, refusal: Refusal, time: datetime) -> Record:
    details = {"reason": refusal.reason, "detail": refusal.detail, "final": refusal.final}
    return Record(RecordKind.DECLINED, time, offer.command_id, offer.attempt, details)


def intent_record(attempt: Attempt, grant: Grant, fields: RequestFields, time: datetime) -> Record:
    digest = request_sha256(fields)
    told = intent_event(
        attempt.key,
        time,
        grant_id=grant.grant_id,
        request_sha256=digest,
        price=_price_text(fields),
    )
    return Record(
        kind=RecordKind.INTENT,
        time=time,
        command_id=attempt.offer.command_id,
        attempt=attempt.offer.attempt,
        details={
            "grant_id": grant.grant_id.hex(),
            "generation": grant.generation,
            "magic": grant.magic,
            "fields": dict(fields),
            "request_sha256": digest,
        },
        event=told.SerializeToString(),
    )


def _price_text(fields: RequestFields) -> str:
    """Return the request's price; empty: it has none, or none that can be told."""
    price = Decimal(repr(fields.get("price", 0.0)))
    try:
        return decimal_text(price) if price else ""
    except NotCanonical:
        # It is for the statistics alone, and keeps no order from being sent.
        return ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, as far as it is known. `sent` None: it was not."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""
    retcode: int = 0
    error_code: int = 0
    order_ticket: int = 0
    deal_ticket: int = 0
    volume: Decimal | None = None
    price: Decimal | None = None
    sent: datetime | None = None
    returned: datetime | None = None


def answered(
    answer: SendAnswer, verdict: Verdict, *, sent: datetime | None, returned: datetime
) -> Ending:
    """Return the ending that an answer of the terminal makes."""
    return Ending(
        outcome=verdict.outcome,
        reason=verdict.reason,
        detail=answer.comment,
        retcode=answer.retcode,
        error_code=answer.error_code,
        order_ticket=answer.order,
        deal_ticket=answer.deal,
        volume=answer.volume,
        price=answer.price,
        sent=sent,
        returned=returned,
    )


def overfill_event(attempt: Attempt, ending: Ending, time: datetime) -> execution_pb2.Event | None:
    """Return the alarm for more lots than were asked for; None: there are none.

    The truth is told as it is.
    """
    asked = Decimal(repr((attempt.fields or {}).get("volume", 0.0)))
    if ending.volume is None or not 0 < asked < ending.volume:
        return None
    command_id = attempt.offer.command_id
    return anomaly_event(
        "OVERFILL",
        f"{asked} lots were asked for and {ending.volume} done",
        time,
        anomaly_id=str(uuid5(NAMESPACE_OID, f"overfill:{command_id}:{attempt.offer.attempt}")),
        command_id=command_id,
    )


def shown(found: Found, *, sent: datetime | None) -> Ending:
    """Return the ending that the terminal's own books make."""
    return Ending(
        outcome=found.outcome,
        reason=found.reason,
        detail="found at the terminal by its tag",
        order_ticket=found.order_ticket,
        deal_ticket=found.deal_ticket,
        volume=found.volume,
        price=found.price,
        sent=sent,
    )


def result_record(  # noqa: PLR0913  # one field of the record each
    key: AttemptKey,
    ending: Ending,
    time: datetime,
    *,
    grant_id: bytes,
    generation: int,
    resolved: bool,
) -> Record:
    """Return the record of an ending. One record: the result and the event that tells of it.

    `generation` is the grant's, 0 where it is in the journal already.
    """
    told = result_event(
        key,
        time,
        outcome=ending.outcome,
        resolved=resolved,
        grant_id=grant_id,
        retcode=ending.retcode,
        error_code=ending.error_code,
        order_ticket=ending.order_ticket,
        deal_ticket=ending.deal_ticket,
        volume=ending.volume,
        price=ending.price,
        reason=ending.reason,
        detail=ending.detail,
        sent=ending.sent,
        returned=ending.returned,
    )
    details = {
        "outcome": str(ending.outcome),
        "reason": ending.reason,
        "detail": ending.detail,
        "retcode": ending.retcode,
        "error_code": ending.error_code,
        "order": ending.order_ticket,
        "deal": ending.deal_ticket,
        "generation": generation,
    }
    return Record(RecordKind.RESULT, time, *key, details=details, event=told.SerializeToString())
