"""Values of the contract and values of the code."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from countersign_server.audit.entries import Trace
from countersign_server.errors import Invalid
from countersign_server.rpc.caller import Call

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(moment: datetime | None) -> Timestamp | None:
    """Return a protobuf timestamp; None stays absent."""
    if moment is None:
        return None
    # Timestamp.FromDatetime does the same in three times the time.
    since = moment - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000)


def from_timestamp(stamp: Timestamp, *, field: str) -> datetime:
    """Return an aware UTC time. Raises Invalid outside the years 1 to 9999."""
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{field} is not a time between the years 1 and 9999", field=field) from None


def to_duration(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration


def uuid_or_none(text: str) -> UUID | None:
    """Return the UUID, or None for empty text, which the contract uses for "not given"."""
    return UUID(text) if text else None


def optional_id(value: UUID | None) -> str:
    return "" if value is None else str(value)


def trace_of(call: Call) -> Trace:
    """Return how the audit tells who made a call, and from where."""
    actor = call.caller.actor if call.caller else "anyone"
    return Trace(actor=actor, address=call.address, request_id=call.request_id)
