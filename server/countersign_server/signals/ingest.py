"""How many callers' signals become one commit.

Callers hand in what was admitted and wait. A few writers each take whatever has gathered and store
it in one statement; every caller goes on when its own rows are durable, and not before.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from psycopg.errors import DeadlockDetected, UniqueViolation

from countersign_server.crash_points import CrashPoint, reach
from countersign_server.database.engine import Database
from countersign_server.database.line import Line
from countersign_server.errors import (
    CountersignError,
    DatabaseUnavailable,
    IngestQueueFull,
    NonceReused,
    SignalDuplicated,
    SignalIdReused,
)
from countersign_server.signals.admission import Admitted
from countersign_server.signals.measures import (
    ingest_group_size,
    ingest_waiting,
    instrument_label,
    signals_ingested_total,
)
from countersign_server.signals.store import Collisions, Kept, collisions_of, store_new

log = structlog.get_logger()

_TRIES = 5
# Repeats come in bursts, from callers whose answers were lost.
_REPEATS_SECONDS = 5.0
_GATHER_SECONDS = 0.005
_CROWDED_SECONDS = 0.2


class Stored(NamedTuple):
    """The signal is durable, now or since an earlier call with the same bytes."""

    id: UUID
    duplicate: bool
    received_at: datetime
    expires_at: datetime


Outcome = Stored | CountersignError
Rows = Sequence[Admitted]


@dataclass(slots=True)
class _Submission:
    rows: Rows
    done: asyncio.Future[list[Outcome]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Ingest:
    """The queue in front of the writers."""

    def __init__(  # noqa: PLR0913  # each by name but the three it stands on
        self,
        database: Database,
        new_line: Callable[[], Line],
        ring: Callable[..., None],
        *,
        capacity: int,
        group: int,
        duplicate_window: timedelta,
    ) -> None:
        self._database = database
        self._new_line = new_line
        self._ring = ring
        self._capacity = capacity
        self._group = group
        self._duplicate_window = duplicate_window
        self._waiting: deque[_Submission] = deque()
        self._waiting_rows = 0
        self._writing = 0
        self._arrived = asyncio.Event()
        # Set by a group of several callers: a lone one never waits for company.
        self._crowded_until = 0.0
        # Until then new signals are first looked up among what is stored.
        self._repeats_until = 0.0

    async def submit(self, rows: Rows) -> list[Outcome]:
        """Store `rows` and return what became of each, in order.

        Raises IngestQueueFull when too many wait already, DatabaseUnavailable when they could not
        be stored. After a cancellation they may or may not be stored: the same bytes answer the
        same.
        """
        if self._waiting_rows + len(rows) > self._capacity:
            raise IngestQueueFull(
                f"{self._waiting_rows} signals wait for the database already; nothing was stored"
            )
        submission = _Submission(rows)
        self._waiting.append(submission)
        self._waiting_rows += len(rows)
        ingest_waiting.set(self._waiting_rows)
        self._arrived.set()
        return await submission.done

    async def run(self) -> None:
        """Write groups until cancelled. Run it as often as there should be writers."""
        line = self._new_line()
        try:
            await self._write_for_ever(line)
        finally:
            await line.close()

    async def _write_for_ever(self, line: Line) -> None:
        while True:
            group = await self._next_group()
            self._writing += 1
            try:
                await self._write(group, line)
            except asyncio.CancelledError:
                _fail(
                    group, DatabaseUnavailable("the server is stopping; send the same bytes again")
                )
                raise
            except Exception as error:  # noqa: BLE001  # every caller must hear of it, and the writer must go on
                log.warning(
                    "signals not stored", error=str(error), signals=sum(len(s.rows) for s in group)
                )
                _fail(
                    group,
                    DatabaseUnavailable(
                        "the signals could not be stored; send the same bytes again"
                    ),
                )
            finally:
                self._writing -= 1
                # Those who were too few for a commit of their own have waited for this one's end.
                self._arrived.set()

    async def _next_group(self) -> list[_Submission]:
        while True:
            await self._arrived.wait()
            if self._are_few() and asyncio.get_running_loop().time() < self._crowded_until:
                # Others are about to arrive, and one commit for all costs what one does.
                await asyncio.sleep(_GATHER_SECONDS)
            if self._are_few() and self._writing:
                self._arrived.clear()
            elif group := self._take():
                return group
            else:
                self._arrived.clear()

    def _are_few(self) -> bool:
        """Whether those who wait are stored cheaper together with who comes next."""
        return self._waiting_rows < self._group // 2

    def _take(self) -> list[_Submission]:
        taken: list[_Submission] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0].rows) <= self._group):
            submission = self._waiting.popleft()
            self._waiting_rows -= len(submission.rows)
            # A caller that has gone needs no answer; what it sent was not accepted.
            if not submission.done.done():
                taken.append(submission)
                size += len(submission.rows)
        ingest_waiting.set(self._waiting_rows)
        if len(taken) > 1:
            self._crowded_until = asyncio.get_running_loop().time() + _CROWDED_SECONDS
        return taken

    async def _write(self, group: Sequence[_Submission], line: Line) -> None:
        rows = [row for submission in group for row in submission.rows]
        ingest_group_size.observe(len(rows))
        first = _distinct(rows)
        reach(CrashPoint.BEFORE_INGEST)
        kept = await self._store(first, line)
        reach(CrashPoint.AFTER_INGEST)
        if kept.is_awaited:
            self._ring("signals")
        if len(kept.missing) < len(first):
            self._ring("audit")
        # All that was handed in is stored, as it nearly always is: nothing to be told apart.
        is_all = len(first) == len(rows) and not kept.missing
        stored = None if is_all else {row.id for row in first} - kept.missing
        collisions = await self._collisions(rows, stored)
        for submission in group:
            if not submission.done.done():
                submission.done.set_result(
                    [_outcome(row, stored, collisions) for row in submission.rows]
                )

    async def _store(self, rows: Rows, line: Line) -> Kept:
        time = asyncio.get_running_loop().time
        for attempt in range(_TRIES):
            try:
                kept = await store_new(
                    line,
                    rows,
                    duplicate_window=self._duplicate_window,
                    may_repeat=time() < self._repeats_until,
                )
            # The statement was rolled back whole, so that it is safe to run it again.
            except UniqueViolation:
                self._repeats_until = time() + _REPEATS_SECONDS
            except DeadlockDetected:
                if attempt == _TRIES - 1:
                    raise
            else:
                _count(rows, kept.missing)
                return kept
        raise AssertionError("the last try returns or raises")

    async def _collisions(self, rows: Rows, stored: AbstractSet[UUID] | None) -> Collisions | None:
        """Return what kept rows from being stored; None: nothing did."""
        if stored is None:
            return None
        async with self._database.transaction(None) as tx:
            return await collisions_of(tx, [row for row in rows if row.id not in stored])


def _count(rows: Rows, missing: AbstractSet[UUID]) -> None:
    counts = Counter(
        (instrument_label(row.instrument), row.side) for row in rows if row.id not in missing
    )
    for labels, count in counts.items():
        signals_ingested_total.labels(*labels).inc(count)


def _distinct(rows: Rows) -> Rows:
    """Return the first row of each external id, of each nonce and of each duplicate window."""
    ids: set[tuple[UUID, str]] = set()
    nonces: set[tuple[str, bytes]] = set()
    windows: set[tuple[Any, ...]] = set()
    first: list[Admitted] = []
    for row in rows:
        by_id, by_nonce, window = (
            (row.producer_id, row.external_id),
            (row.key_id, row.nonce),
            row.window,
        )
        if by_id in ids or by_nonce in nonces or window in windows:
            continue
        ids.add(by_id)
        nonces.add(by_nonce)
        windows.add(window)
        first.append(row)
    return first


def _outcome(
    admitted: Admitted, stored: AbstractSet[UUID] | None, collisions: Collisions | None
) -> Outcome:
    if stored is None or collisions is None or admitted.id in stored:
        return Stored(admitted.id, False, admitted.received_at, admitted.expires_at)  # noqa: FBT003
    existing = collisions.by_external_id.get((admitted.producer_id, admitted.external_id))
    if existing is not None:
        if existing.payload_sha256 == admitted.payload_sha256:
            return Stored(existing.id, True, existing.received_at, existing.expires_at)  # noqa: FBT003
        return SignalIdReused(
            f"external_id {admitted.external_id} belongs to a signal with other content",
            signal_id=str(existing.id),
        )
    if (admitted.key_id, admitted.nonce) in collisions.by_nonce:
        return NonceReused("the nonce was used before with this key", key_id=admitted.key_id)
    return SignalDuplicated(
        "a signal of the same instrument, side and version came shortly before",
        external_id=collisions.by_window.get(admitted.window, ""),
    )


def _fail(group: Sequence[_Submission], error: CountersignError) -> None:
    for submission in group:
        if not submission.done.done():
            submission.done.set_exception(error)
