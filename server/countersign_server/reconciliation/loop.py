"""Every account is compared at its own pace, a few at a time, by whichever process is free."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.outages import log_failure
from countersign_server.reconciliation import measures
from countersign_server.reconciliation.reconciler import Reconciler, TurnLost
from countersign_server.reconciliation.turns import Turn, enlist, take_turns

AT_ONCE = 5
# Few enough to be done well within their lease.
_TAKEN = 50
_LOOK_SECONDS = 1.0
_AFTER_FAILURE_SECONDS = 2.0
_ENLIST_EVERY = timedelta(seconds=5)
_TRACE = Trace(actor="system:reconciliation")

log = structlog.get_logger()


class Scheduler:
    """Takes turns that are due, for ever. Any number of processes may run it."""

    def __init__(
        self, *, database: Database, reconciler: Reconciler, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._reconciler = reconciler
        self._now = now
        self._enlist_at: datetime | None = None

    async def run(self) -> None:
        """Look every second, until cancelled; go on at once while there is more."""
        while True:
            try:
                taken = await self.step()
            except Exception as error:  # noqa: BLE001  # whatever it is, accounts must go on being compared
                log_failure(log, "reconciliation scheduler failed", error)
                measures.loop_failures_total.inc()
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            if taken < _TAKEN:
                await asyncio.sleep(_LOOK_SECONDS)

    async def step(self) -> int:
        """Compare the accounts that are due, some at a time; return how many were taken."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            if self._enlist_at is None or now >= self._enlist_at:
                self._enlist_at = now + _ENLIST_EVERY
                await enlist(tx, now)
            turns = await take_turns(tx, limit=_TAKEN, now=now)
        await self._compare_all(turns)
        return len(turns)

    async def _compare_all(self, turns: Sequence[Turn]) -> None:
        waiting = iter(turns)

        async def worker() -> None:
            for turn in waiting:
                await self._compare_one(turn)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(turns))):
                group.create_task(worker())

    async def _compare_one(self, turn: Turn) -> None:
        """Compare one account; whatever goes wrong with it is its own affair."""
        measures.lag_seconds.set(max((self._now() - turn.due_at).total_seconds(), 0))
        try:
            await self._reconciler.compare(turn, _TRACE)
        except TurnLost as lost:
            log.warning("turn lost", reason=str(lost))
        except Exception as error:  # noqa: BLE001  # isolated: the others go on
            try:
                await self._reconciler.fail(turn, error)
            except Exception:  # the lease runs out, and the turn comes again
                log.warning("failure not recorded", account_id=str(turn.account_id), exc_info=True)
