"""What is kept of signals that were refused: each is somebody's lost trade, and a flood is none."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from countersign.v1 import signals_pb2
from countersign_server.audit.allowance import Allowance, Omitted, Source
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import CountersignError
from countersign_server.rpc.caller import Caller, current_call
from countersign_server.rpc.conversion import trace_of
from countersign_server.signals.measures import signals_refused_total

Refused = tuple[signals_pb2.SignedSignal, CountersignError]

_PERIOD = timedelta(seconds=5)
_TRACE = Trace(actor="system:refusals")

log = structlog.get_logger()


class Refusals:
    """Keeps each refusal with its reason, up to so many a minute and producer; then their count."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        kept_a_minute: int,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._allowance = Allowance(kept_a_minute)
        self._now = now

    async def remember(self, refused: Sequence[Refused], caller: Caller) -> None:
        """Keep what one call had refused."""
        now, source = self._now(), Source(caller.owner_id, f"producer:{caller.id}")
        entries: list[Entry] = []
        for signed, refusal in refused:
            signals_refused_total.labels(refusal.reason).inc()
            if not self._allowance.takes(source, refusal.reason, now):
                continue
            entries.append(
                Entry(
                    kind="signal.refused",
                    subject=source.subject,
                    event_time=now,
                    trace=trace_of(current_call()),
                    owner_id=source.owner_id,
                    after={
                        "reason": refusal.reason,
                        "message": str(refusal)[:300],
                        "key_id": signed.key_id,
                        "payload_bytes": len(signed.payload),
                    },
                )
            )
        if entries:
            async with self._database.transaction(caller.tenant) as tx:
                await record(tx, *entries)
            self._wakeups.ring("audit")

    async def run(self) -> None:
        """Keep the count of what was left out, minute by minute and at the end."""
        try:
            while True:
                await asyncio.sleep(_PERIOD.total_seconds())
                await self.keep_counts(self._now())
        finally:
            await self.keep_counts(None)

    async def keep_counts(self, now: datetime | None) -> None:
        """Keep the counts of the minutes that are over at `now`; None: of all."""
        omitted = self._allowance.over(now)
        if not omitted:
            return
        try:
            async with self._database.transaction(None) as tx:
                await record(tx, *(_counted(one) for one in omitted))
        except (SQLAlchemyError, OSError) as error:
            self._allowance.give_back(omitted)
            log.warning("refusals not counted yet", minutes=len(omitted), error=str(error)[:300])
            return
        self._wakeups.ring("audit")


def _counted(omitted: Omitted) -> Entry:
    return Entry(
        kind="signal.refusals_counted",
        subject=omitted.source.subject,
        event_time=omitted.minute,
        trace=_TRACE,
        owner_id=omitted.source.owner_id,
        after={"counts": dict(omitted.counts), "minute": omitted.minute.isoformat()},
    )
