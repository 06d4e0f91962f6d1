"""The records of the guard's own closings, each with the event that tells of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from countersign.v1 import execution_pb2
from countersign_bridge.decimals import decimal_text
from countersign_bridge.guarding.closing import Target
from countersign_bridge.intents import Side
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.recovery import OwnClosing
from countersign_bridge.reporting.events import OUTCOMES, SIDES, event, is_tellable_name
from countersign_bridge.trading.recording import Ending
from countersign_bridge.trading.requests import RequestFields

_REASON_MAX, _DETAIL_MAX = 64, 500
# Each has an id of its own, so that it is the first of it.
_ATTEMPT = 1


@dataclass(frozen=True, slots=True)
class Closing:
    """One attempt at one target. `grant_id` is the bridge's own; `fields` is what is sent.

    `cause` and `resets` name the trip.
    """

    attempt_id: str
    target: Target
    cause: str
    resets: int
    magic: int
    grant_id: bytes
    fields: RequestFields

    @property
    def volume(self) -> Decimal | None:
        """Return the lots that it closes; None: it cancels an order."""
        return Decimal(repr(self.fields["volume"])) if "volume" in self.fields else None


def closing_of(kept: OwnClosing) -> Closing:
    """Return an attempt as the journal has it."""
    details = kept.details
    target = Target(
        identifier=details["target"],
        is_order=details["is_order"],
        ticket=details["ticket"],
        symbol=details["symbol"],
        side=Side(details["side"]),
        volume=Decimal(details["volume_open"]),
    )
    return Closing(
        attempt_id=kept.attempt_id,
        target=target,
        cause=details["cause"],
        resets=details["resets"],
        magic=details["magic"],
        grant_id=kept.grant_id,
        fields=details["fields"],
    )


def closing_record(closing: Closing, time: datetime) -> Record:
    told = _event(closing, "intent", execution_pb2.GUARD_CLOSE_PHASE_INTENT, time)
    target = closing.target
    details = {
        "target": target.identifier,
        "is_order": target.is_order,
        "ticket": target.ticket,
        "symbol": target.symbol,
        "side": str(target.side),
        "volume_open": str(target.volume),
        "resets": closing.resets,
        "cause": closing.cause,
        "magic": closing.magic,
        "grant_id": closing.grant_id.hex(),
        "fields": dict(closing.fields),
    }
    return Record(
        RecordKind.CLOSING,
        time,
        closing.attempt_id,
        _ATTEMPT,
        details=details,
        event=_told(told),
    )


def closed_record(closing: Closing, ending: Ending, time: datetime, *, resolved: bool) -> Record:
    """Return the record of an ending. `resolved`: it was told of as in doubt before."""
    phase = "result:resolved" if resolved else "result"
    told = _event(closing, phase, execution_pb2.GUARD_CLOSE_PHASE_RESULT, time)
    result = told.guard_close
    result.outcome = OUTCOMES[ending.outcome]
    result.retcode = ending.retcode
    result.error_code = ending.error_code
    result.order_ticket = ending.order_ticket
    result.deal_ticket = ending.deal_ticket
    result.volume_done = decimal_text(ending.volume) if ending.volume else ""
    result.price = decimal_text(ending.price) if ending.price else ""
    result.reason = ending.reason[:_REASON_MAX]
    result.detail = ending.detail[:_DETAIL_MAX]
    details = {
        "outcome": str(ending.outcome),
        "reason": ending.reason,
        "detail": ending.detail,
        "retcode": ending.retcode,
        "order": ending.order_ticket,
        "deal": ending.deal_ticket,
    }
    return Record(
        RecordKind.CLOSED,
        time,
        closing.attempt_id,
        _ATTEMPT,
        details=details,
        event=_told(told),
    )


def _event(
    closing: Closing, phase: str, numbered: execution_pb2.GuardClosePhase, time: datetime
) -> execution_pb2.Event:
    made = event(f"guard-close:{closing.attempt_id}:{phase}", time)
    target = closing.target
    made.guard_close.CopyFrom(
        execution_pb2.GuardClose(
            attempt_id=closing.attempt_id,
            phase=numbered,
            magic=closing.magic,
            cause=closing.cause,
            resets=closing.resets,
            position_id=0 if target.is_order else target.identifier,
            pending_ticket=target.identifier if target.is_order else 0,
            symbol=target.symbol,
            side=SIDES[target.side],
            volume="" if closing.volume is None else decimal_text(closing.volume),
        )
    )
    return made


def _told(made: execution_pb2.Event) -> bytes:
    """Return an event as it is kept; empty: the contract has no word for its symbol."""
    tellable = is_tellable_name(made.guard_close.symbol)
    return made.SerializeToString() if tellable else b""
