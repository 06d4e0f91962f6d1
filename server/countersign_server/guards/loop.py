"""Every account is judged as its terminal is read, by whichever process is free."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.tables import accounts
from countersign_server.database.engine import Database
from countersign_server.database.outages import log_failure
from countersign_server.database.wakeups import Wakeups
from countersign_server.guards import measures
from countersign_server.guards.attending import Attendant
from countersign_server.guards.book import GuardBooks

TOPIC = "guards"
AT_ONCE = 3
_TAKEN = 100
# Rung whenever a terminal was read; this is for what a lost ring would leave.
_PATIENCE = timedelta(milliseconds=250)
_ENLIST_EVERY = timedelta(seconds=1)
_COUNT_EVERY = timedelta(seconds=5)
# How long an account that could not be judged waits, so that it does not keep the others waiting.
_REST = timedelta(seconds=1)
_AFTER_FAILURE_SECONDS = 1.0

log = structlog.get_logger()


class Watch:
    """Has accounts looked at, for ever. Any number of processes may run it."""

    def __init__(
        self,
        *,
        database: Database,
        books: GuardBooks,
        wakeups: Wakeups,
        attendant: Attendant,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._books = books
        self._wakeups = wakeups
        self._attendant = attendant
        self._now = now
        self._enlist_at: datetime | None = None
        self._count_at: datetime | None = None
        self._resting: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Look whenever a terminal was read or something is due, until cancelled."""
        with self._wakeups.subscribe(TOPIC) as bell:
            while True:
                try:
                    taken = await self.step()
                except Exception as error:  # noqa: BLE001  # whatever it is, accounts must go on being guarded
                    log_failure(log, "guards failed", error)
                    measures.loop_failures_total.inc()
                    await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                    continue
                if taken < _TAKEN:
                    await bell.wait(_PATIENCE)

    async def step(self) -> int:
        """Look at the accounts that are due, some at a time; return how many were."""
        now = self._now()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        if self._count_at is None or now >= self._count_at:
            self._count_at = now + _COUNT_EVERY
            async with self._database.transaction(None) as tx:
                await _count(tx)
        async with self._books.transaction(None) as book:
            if self._enlist_at is None or now >= self._enlist_at:
                self._enlist_at = now + _ENLIST_EVERY
                await book.guards.enlist()
            due = await book.guards.due(now, limit=_TAKEN)
        await self._attend_all([one for one in due if one[0] not in self._resting])
        return len(due)

    async def _attend_all(self, due: Sequence[tuple[UUID, UUID]]) -> None:
        waiting = iter(due)

        async def worker() -> None:
            for account_id, owner_id in waiting:
                await self._attend_one(account_id, owner_id)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(due))):
                group.create_task(worker())

    async def _attend_one(self, account_id: UUID, owner_id: UUID) -> None:
        """Look at one account; whatever goes wrong with it is its own affair."""
        try:
            await self._attendant.attend(account_id, owner_id)
        except Exception:  # isolated: the others go on
            self._resting[account_id] = self._now() + _REST
            measures.loop_failures_total.inc()
            log.exception("account not judged", account_id=str(account_id))


async def _count(tx: AsyncConnection) -> None:
    """Say how many accounts are in each state."""
    state = accounts.c.trading_state
    counts = {
        row[0]: row[1] for row in await tx.execute(select(state, func.count()).group_by(state))
    }
    for one in TradingState:
        measures.guards_state.labels(one).set(counts.get(one, 0))
