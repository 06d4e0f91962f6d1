"""Where strategy engines hand in signals, and see what became of them."""

import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import signals_pb2, signals_pb2_grpc
from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.accounts.producer import VerifiedKey
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.feed import Feed
from countersign_server.audit.log import LogEntry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import (
    CountersignError,
    InstrumentNotAllowed,
    NotFound,
    ProducerPaused,
    SignalExpired,
)
from countersign_server.identifiers import uuids7
from countersign_server.identity.believed import Believed
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import from_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.open_streams import OpenStreams
from countersign_server.rpc.pages import id_position, next_token, page_size
from countersign_server.signals.admission import Admitted, Windows, admit
from countersign_server.signals.gathering import gathered
from countersign_server.signals.ingest import Ingest, Outcome, Stored
from countersign_server.signals.measures import signals_create_seconds
from countersign_server.signals.payload import read_signal
from countersign_server.signals.refusals import Refusals
from countersign_server.signals.store import (
    Listing,
    list_signals,
    offer_again,
    own_signals,
    signal_row,
    stored_signal,
)
from countersign_server.signals.wire import (
    STATE_NAMES,
    accepted_message,
    event_message,
    funnels,
    result_message,
    results_message,
    signal_message,
)

# How each signal fared: counts by name, as `wire.funnels` takes them. Later areas know; the app
# wires it.
CountOutcomes = Callable[
    [AsyncConnection, Sequence[UUID]], Awaitable[Mapping[UUID, Mapping[str, int]]]
]

# What may have come up since a signal was stored. Each is told only after the signature verified.
# Not its age: recorded bytes that come again after the window are a replay, whoever sends them. A
# producer that is in doubt signs the same payload anew, and that answers as stored.
_NO_REPEAT_HINDRANCE = (SignalExpired, ProducerPaused, InstrumentNotAllowed)

# Answered together: a stream's signals that came while the last commit was under way.
_STREAM_GROUP = 1000


class SignalService(signals_pb2_grpc.SignalServiceServicer):
    """See signals.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what the app gives, by name
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        ingest: Ingest,
        keys: ProducerKeys,
        feed: Feed,
        windows: Windows,
        believed: Believed,
        refusals: Refusals,
        streams: OpenStreams,
        watches: OpenStreams,
        count_outcomes: CountOutcomes,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._ingest = ingest
        self._keys = keys
        self._feed = feed
        self._windows = windows
        self._believed = believed
        self._refusals = refusals
        self._streams = streams
        self._watches = watches
        self._count_outcomes = count_outcomes
        self._now = now

    async def SubmitSignal(
        self, request: signals_pb2.SubmitSignalRequest, context: Context
    ) -> signals_pb2.SubmitSignalResponse:
        (outcome,) = await self._submit([request.signal], current_caller())
        if isinstance(outcome, CountersignError):
            raise outcome
        return accepted_message(outcome)

    async def SubmitSignals(
        self, request: signals_pb2.SubmitSignalsRequest, context: Context
    ) -> signals_pb2.SubmitSignalsResponse:
        outcomes = await self._submit(request.signals, current_caller())
        return results_message(outcomes)

    async def StreamSignals(
        self, request_iterator: AsyncIterator[signals_pb2.StreamSignalsRequest], context: Context
    ) -> AsyncIterator[signals_pb2.StreamSignalsResponse]:
        caller = current_caller()
        groups = self._believed.only(gathered(request_iterator, _STREAM_GROUP), caller)
        with self._streams.one_of(caller.id):
            async with aclosing(groups):
                async for group in groups:
                    outcomes = await self._submit([item.signal for item in group], caller)
                    for item, outcome in zip(group, outcomes, strict=True):
                        yield signals_pb2.StreamSignalsResponse(
                            sequence=item.sequence, result=result_message(outcome)
                        )

    async def GetSignal(
        self, request: signals_pb2.GetSignalRequest, context: Context
    ) -> signals_pb2.GetSignalResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            message = await self._shown(tx, UUID(request.signal_id), current_caller())
        return signals_pb2.GetSignalResponse(signal=message)

    async def ListSignals(
        self, request: signals_pb2.ListSignalsRequest, context: Context
    ) -> signals_pb2.ListSignalsResponse:
        caller, before = current_caller(), id_position(request)
        size = page_size(request.page_size)
        own = caller.id if caller.role is Role.PRODUCER else uuid_or_none(request.producer_id)
        asked = Listing(
            producer_id=own,
            states=[STATE_NAMES[state] for state in request.states if state in STATE_NAMES],
            instrument=request.instrument,
            start_time=_time_or_none(request, "start_time"),
            end_time=_time_or_none(request, "end_time"),
            external_id=request.external_id,
            before=before,
            limit=size + 1,
        )
        async with self._database.transaction(caller.tenant) as tx:
            rows = await list_signals(tx, asked)
            page = rows[:size]
            counted = funnels(await self._count_outcomes(tx, [row.id for row in page]))
        return signals_pb2.ListSignalsResponse(
            signals=[signal_message(row, counted.get(row.id)) for row in page],
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def WatchSignals(
        self, request: signals_pb2.WatchSignalsRequest, context: Context
    ) -> AsyncIterator[signals_pb2.WatchSignalsResponse]:
        caller = current_caller()
        with self._watches.one_of(caller.id):
            sequence = request.after_sequence or await self._feed.newest()
            # At once, so that whoever follows from now on can resume, whatever happens next.
            yield signals_pb2.WatchSignalsResponse(sequence=sequence)
            batches = self._believed.only(self._feed.follow(caller.tenant, sequence), caller)
            async with aclosing(batches):
                async for batch in batches:
                    shown = await self._concerning(batch.entries, caller)
                    for entry in shown:
                        yield event_message(entry)
                    # Says how far the watcher has seen, so that it resumes behind what was not
                    # for it.
                    if not shown or shown[-1].sequence != batch.sequence:
                        yield signals_pb2.WatchSignalsResponse(sequence=batch.sequence)

    async def RedeliverSignal(
        self, request: signals_pb2.RedeliverSignalRequest, context: Context
    ) -> signals_pb2.RedeliverSignalResponse:
        caller, signal_id = current_caller(), UUID(request.signal_id)
        async with self._database.transaction(caller.tenant) as tx:
            row = await signal_row(tx, signal_id)
            if row is None or (caller.role is Role.PRODUCER and row.producer_id != caller.id):
                raise _no_signal(signal_id)
            if not await offer_again(tx, signal_id, self._now()):
                raise SignalExpired("the signal has expired", signal_id=str(signal_id))
            entry = Entry(
                kind="signal.redelivered",
                subject=f"signal:{signal_id}",
                event_time=self._now(),
                trace=trace_of(current_call()),
                owner_id=row.owner_id,
                signal_id=signal_id,
                before={"state": row.state},
                after={"state": "accepted"},
            )
            await record(tx, entry)
            message = await self._shown(tx, signal_id, caller)
        self._wakeups.ring("signals", "audit")
        return signals_pb2.RedeliverSignalResponse(signal=message)

    async def _submit(
        self, signed: Sequence[signals_pb2.SignedSignal], caller: Caller
    ) -> list[Outcome]:
        """Admit and store each on its own; the outcomes come in order."""
        started = time.perf_counter()
        keys = {one.key_id: await self._keys.get(one.key_id) for one in signed}
        now, trace = self._now(), trace_of(current_call())
        outcomes = [
            self._admitted(
                one, keys[one.key_id], signal_id=signal_id, caller=caller, trace=trace, now=now
            )
            for one, signal_id in zip(signed, uuids7(now, len(signed)), strict=True)
        ]
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome, _NO_REPEAT_HINDRANCE):
                # What was stored before is answered as it was, whatever has changed since.
                outcomes[place] = await self._known(signed[place], caller) or outcome
        rows = [row for row in outcomes if isinstance(row, Admitted)]
        stored = iter(await self._ingest.submit(rows) if rows else ())
        for key_id in {row.key_id for row in rows}:
            self._keys.note_use(key_id)
        settled: list[Outcome] = [
            next(stored) if isinstance(outcome, Admitted) else outcome for outcome in outcomes
        ]
        refused = [
            (one, outcome)
            for one, outcome in zip(signed, settled, strict=True)
            if not isinstance(outcome, Stored)
        ]
        if refused:
            await self._refusals.remember(refused, caller)
        signals_create_seconds.observe(time.perf_counter() - started)
        return settled

    def _admitted(  # noqa: PLR0913  # two that are told apart by type, the rest by name
        self,
        signed: signals_pb2.SignedSignal,
        key: VerifiedKey | None,
        *,
        signal_id: UUID,
        caller: Caller,
        trace: Trace,
        now: datetime,
    ) -> Admitted | Stored | CountersignError:
        try:
            return admit(
                signed,
                key,
                signal_id=signal_id,
                producer_id=caller.id,
                windows=self._windows,
                trace=trace,
                now=now,
            )
        except CountersignError as refusal:
            return refusal

    async def _known(self, signed: signals_pb2.SignedSignal, caller: Caller) -> Stored | None:
        """Return the stored signal that a verified payload repeats; None: it repeats none."""
        try:
            external_id = read_signal(signed.format, signed.payload).external_id
        except CountersignError:
            return None
        async with self._database.transaction(caller.tenant) as tx:
            existing = await stored_signal(tx, caller.id, external_id)
        if existing is None or existing.payload_sha256 != sha256(signed.payload).digest():
            return None
        return Stored(
            existing.id,
            duplicate=True,
            received_at=existing.received_at,
            expires_at=existing.expires_at,
        )

    async def _concerning(self, entries: Sequence[LogEntry], caller: Caller) -> list[LogEntry]:
        """Return what happened to signals; for a producer, to its own."""
        about = [entry for entry in entries if entry.signal_id is not None]
        if caller.role is not Role.PRODUCER or not about:
            return about
        async with self._database.transaction(caller.tenant) as tx:
            own = await own_signals(tx, caller.id, {entry.signal_id for entry in about})
        return [entry for entry in about if entry.signal_id in own]

    async def _shown(
        self, tx: AsyncConnection, signal_id: UUID, caller: Caller
    ) -> signals_pb2.StoredSignal:
        row = await signal_row(tx, signal_id)
        if row is None or (caller.role is Role.PRODUCER and row.producer_id != caller.id):
            raise _no_signal(signal_id)
        counted = funnels(await self._count_outcomes(tx, [signal_id]))
        return signal_message(row, counted.get(signal_id))


def _no_signal(signal_id: UUID) -> NotFound:
    return NotFound(f"no signal {signal_id}", signal_id=str(signal_id))


def _time_or_none(request: Any, field: str) -> datetime | None:  # noqa: ANN401  # any message with the field
    return from_timestamp(getattr(request, field), field=field) if request.HasField(field) else None
