"""Following the event log: nothing that committed is missed, nothing is told that did not."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from countersign_server.audit.log import LogEntry, entries_between, newest_sequence
from countersign_server.audit.loop import SEALED
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups

_BATCH = 500
# Looked through in one statement: a tenant's few entries lie far apart among everybody's.
_STRIDE = 10_000
# A silent doorbell is not trusted for longer.
_READ_ANYWAY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What came next. `sequence`: all up to it that the follower may see has been told."""

    sequence: int
    entries: Sequence[LogEntry]


class Feed:
    """The sealed entries, in the order of the chain, as they come."""

    def __init__(
        self, database: Database, wakeups: Wakeups, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._stopped = False

    async def follow(
        self,
        tenant: UUID | None,
        after_sequence: int,
        *,
        patience: timedelta = timedelta(seconds=10),
    ) -> AsyncGenerator[Batch]:
        """Yield what `tenant` (None: everybody) may see after a sequence; 0: from now on.

        A batch without entries says that nothing came for `patience`. Ends when the feed stops.
        """
        # Before the first read, so that nothing slips by between reading and waiting.
        with self._wakeups.subscribe(SEALED) as wakeup:
            sequence, spoken_at = after_sequence or await self.newest(), self._clock()
            while not self._stopped:
                batch, more = await self._read(tenant, sequence)
                sequence, read_at = batch.sequence, self._clock()
                if batch.entries:
                    yield batch
                    spoken_at = self._clock()
                while not more and not self._stopped:
                    more = await wakeup.wait(patience)
                    if self._clock() - spoken_at >= patience.total_seconds():
                        yield Batch(sequence, ())
                        spoken_at = self._clock()
                    more = more or self._clock() - read_at >= _READ_ANYWAY_SECONDS

    def stop(self) -> None:
        """End every follower: the server is going away."""
        self._stopped = True
        self._wakeups.ring(SEALED)

    @property
    def is_stopped(self) -> bool:
        """Whether the server is going away."""
        return self._stopped

    async def newest(self) -> int:
        """Return how far the chain reaches: where "from now on" begins."""
        async with self._database.transaction(None) as tx:
            return await newest_sequence(tx)

    async def _read(self, tenant: UUID | None, after: int) -> tuple[Batch, bool]:
        """Return the next batch, and whether there is more to read at once."""
        async with self._database.transaction(tenant) as tx:
            newest = await newest_sequence(tx)
            upto = min(newest, after + _STRIDE)
            entries = await entries_between(tx, after=after, upto=upto, limit=_BATCH)
        if len(entries) == _BATCH:
            return Batch(entries[-1].sequence, entries), True
        # A follower ahead of the chain holds a sequence of another database: it waits there.
        return Batch(max(after, upto), entries), upto < newest
