"""Signals as the contract shows them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from countersign.v1 import signals_pb2
from countersign_server.audit.log import LogEntry
from countersign_server.errors import CountersignError
from countersign_server.rpc.conversion import optional_id, to_timestamp
from countersign_server.rpc.errors import code_of
from countersign_server.signals.ingest import Outcome, Stored
from countersign_server.signals.payload import read_signal

STATES: Mapping[str, signals_pb2.SignalState] = {
    "accepted": signals_pb2.SIGNAL_STATE_ACCEPTED,
    "delivered": signals_pb2.SIGNAL_STATE_DELIVERED,
    "expired": signals_pb2.SIGNAL_STATE_EXPIRED,
}
STATE_NAMES = {number: name for name, number in STATES.items()}


def accepted_message(stored: Stored) -> signals_pb2.SubmitSignalResponse:
    return signals_pb2.SubmitSignalResponse(
        signal_id=str(stored.id),
        duplicate=stored.duplicate,
        receive_time=to_timestamp(stored.received_at),
        expire_time=to_timestamp(stored.expires_at),
    )


def result_message(outcome: Outcome) -> signals_pb2.SubmitResult:
    if isinstance(outcome, Stored):
        return signals_pb2.SubmitResult(accepted=accepted_message(outcome))
    return signals_pb2.SubmitResult(refused=refusal_message(outcome))


def results_message(outcomes: Sequence[Outcome]) -> signals_pb2.SubmitSignalsResponse:
    """Return the answers in order; those of one batch differ in their ids, and little else."""
    response = signals_pb2.SubmitSignalsResponse()
    add = response.results.add
    alike: dict[tuple[Any, ...], signals_pb2.SubmitResult] = {}
    for outcome in outcomes:
        if isinstance(outcome, Stored):
            key = outcome[1:]
            pattern = alike.get(key)
            if pattern is None:
                pattern = alike[key] = result_message(outcome)
            result = add()
            result.CopyFrom(pattern)
            result.accepted.signal_id = str(outcome.id)
        else:
            add().CopyFrom(result_message(outcome))
    return response


def refusal_message(error: CountersignError) -> signals_pb2.SubmitRefusal:
    return signals_pb2.SubmitRefusal(
        code=code_of(type(error)), reason=error.reason, message=str(error)
    )


def signal_message(
    row: Row[Any], funnel: signals_pb2.SignalFunnel | None
) -> signals_pb2.StoredSignal:
    """Return a stored signal, read from the signed bytes, so that nothing else can be shown."""
    return signals_pb2.StoredSignal(
        signal_id=str(row.id),
        producer_id=str(row.producer_id),
        signal=read_signal(row.format, bytes(row.payload)),
        payload_sha256=bytes(row.payload_sha256).hex(),
        key_id=row.key_id,
        sent_time=to_timestamp(row.sent_at),
        receive_time=to_timestamp(row.received_at),
        expire_time=to_timestamp(row.expires_at),
        state=STATES[row.state],
        funnel=funnel,
    )


def event_message(entry: LogEntry) -> signals_pb2.WatchSignalsResponse:
    """Return an entry of the event log as a watcher sees it."""
    return signals_pb2.WatchSignalsResponse(
        sequence=entry.sequence,
        event_time=to_timestamp(entry.event_time),
        kind=entry.kind,
        signal_id=optional_id(entry.signal_id),
        account_id=optional_id(entry.account_id),
        reason=entry.reason,
    )


def funnels(counts: Mapping[UUID, Mapping[str, int]]) -> dict[UUID, signals_pb2.SignalFunnel]:
    """Return each signal's funnel from counts by "offered", "declined:<reason>" and so on."""
    made: dict[UUID, signals_pb2.SignalFunnel] = {}
    for signal_id, by_name in counts.items():
        funnel = signals_pb2.SignalFunnel()
        for name, count in by_name.items():
            kind, _, reason = name.partition(":")
            if kind == "risk":
                funnel.risk_reasons[reason] = count
                continue
            setattr(funnel, kind, getattr(funnel, kind) + count)
            if reason:
                funnel.declined_reasons[reason] = count
        made[signal_id] = funnel
    return made
