"""Sealing the event log into its hash chain, behind the commits and never in their way."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.chain import hashes_of
from countersign_server.audit.measures import (
    seal_failures_total,
    seal_lag_seconds,
    sealed_total,
    unsealed_entries,
)
from countersign_server.audit.seal_store import (
    Place,
    add_seals,
    become_sealer,
    entries_anywhere,
    horizon,
    last_seal,
    next_entries,
    waiting,
)
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups

WRITTEN = "audit"
SEALED = "sealed"

BATCH = 1000
# An entry that an open transaction held back is sealed this late at the latest.
_PERIOD = timedelta(milliseconds=500)
# While entries come in steadily, so many at once are cheaper than each by itself.
_PACE = timedelta(milliseconds=25)
# In a burst the sealer rests for this many times as long as it worked: commits come first, and it
# catches up after them.
_RESTS = 2
_MEASURE_SECONDS = 1.0
_LONGEST_PAUSE = timedelta(seconds=5)

log = structlog.get_logger()


class Sealer:
    """Seals what is written, in one order for all. Every process has one; one at a time works."""

    def __init__(self, database: Database, wakeups: Wakeups, now: Callable[[], datetime]) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now
        # Everything whose place is before is sealed. None: that has to be looked up first.
        self._sealed_upto: Place | None = None
        self._measured_at = 0.0

    async def run(self) -> None:
        """Seal for ever. A failure is logged, counted, and tried again later and later."""
        failures_pause = _PACE
        with self._wakeups.subscribe(WRITTEN) as wakeup:
            while True:
                began = time.monotonic()
                try:
                    sealed = await self.seal_batch()
                except (SQLAlchemyError, OSError) as error:
                    seal_failures_total.inc()
                    log.warning("entries not sealed", error=str(error))
                    # It may be another database that answers next: a copy of this one, restored.
                    self._sealed_upto = None
                    failures_pause = min(failures_pause * 2, _LONGEST_PAUSE)
                    await asyncio.sleep(failures_pause.total_seconds())
                    continue
                failures_pause = _PACE
                rest = _RESTS * (time.monotonic() - began)
                if sealed < BATCH:
                    await wakeup.wait(_PERIOD)
                    rest = max(rest, _PACE.total_seconds())
                await asyncio.sleep(rest)

    async def seal_batch(self) -> int:
        """Seal the next entries whose place is final, and return how many."""
        async with self._database.transaction(None) as tx:
            sealed = await self._seal(tx) if await become_sealer(tx) else 0
            if time.monotonic() - self._measured_at >= _MEASURE_SECONDS:
                await self._measure(tx)
        if sealed:
            sealed_total.inc(sealed)
            self._wakeups.ring(SEALED)
        return sealed

    async def _seal(self, tx: AsyncConnection) -> int:
        seen, last = await horizon(tx), await last_seal(tx)
        if self._sealed_upto and self._sealed_upto.transaction_id > seen.next_new:
            self._sealed_upto = None
        # Nothing that commits from now on belongs before what is read here: each row knows its
        # transaction, and the ones below the oldest that is open are over.
        after, oldest_open = self._sealed_upto or last.place, seen.oldest_open
        found = await next_entries(tx, after=after, oldest_open=oldest_open, most=BATCH)
        looked_everywhere = self._sealed_upto is not None
        if not found and not looked_everywhere:
            found = await entries_anywhere(tx, BATCH)
            looked_everywhere = True
        if found:
            texts = (entry.texts for entry in found)
            await add_seals(tx, last, found, hashes_of(last.entry_hash, last.sequence + 1, texts))
        if looked_everywhere:
            full = len(found) == BATCH
            self._sealed_upto = found[-1].place if full else Place(oldest_open)
        return len(found)

    async def _measure(self, tx: AsyncConnection) -> None:
        left = await waiting(tx, self._sealed_upto or (await last_seal(tx)).place)
        lag = (self._now() - left.since).total_seconds() if left.since else 0.0
        unsealed_entries.set(left.count)
        seal_lag_seconds.set(max(0.0, lag))
        self._measured_at = time.monotonic()
