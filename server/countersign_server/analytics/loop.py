"""Figures follow deals, and what equity did follows snapshots, by whichever process is free."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Uuid, all_, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2
from countersign_server.accounts.store import snapshot_of
from countersign_server.analytics import measures
from countersign_server.analytics.counting import count_account
from countersign_server.analytics.deal_store import accounts_to_count
from countersign_server.analytics.equity import EquityPath, Reading
from countersign_server.analytics.equity_store import accounts_to_read, keep_reading
from countersign_server.analytics.figures_store import history_for_update, paid_of, save_history
from countersign_server.analytics.setbacks import Setbacks
from countersign_server.analytics.tables import figures
from countersign_server.database.engine import Database
from countersign_server.database.outages import is_outage, log_failure

# One look at everybody; those that are left over come at the next.
_ACCOUNTS_A_ROUND = 200
_COUNT_EVERY_SECONDS = 1.0
_READ_EVERY_SECONDS = 5.0
_AFTER_FAILURE_SECONDS = 2.0

log = structlog.get_logger()


class Counting:
    """Counts deals, for ever. Any number of processes may run it."""

    def __init__(self, *, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._setbacks = Setbacks()

    async def run(self) -> None:
        """Look every second, until cancelled; go on at once while there is more."""
        while True:
            try:
                more = await self.step()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next look finds the same deals
                log_failure(log, "counting deals failed", error)
                measures.loop_failures_total.labels("counting").inc()
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            if not more:
                await asyncio.sleep(_COUNT_EVERY_SECONDS)

    async def step(self) -> bool:
        """Count some deals of every account that has some; return whether there is more.

        An account that cannot be counted is left for later, and the others are counted.
        """
        more, before = False, None
        resting = self._setbacks.resting(self._now())
        for account_id in await self._behind(resting):
            more |= await self._count(account_id)
        for _ in range(_ACCOUNTS_A_ROUND):
            async with self._database.transaction(None) as tx:
                before = await accounts_to_count(tx, after=before, resting=resting)
            if before is None:
                return more
            more |= await self._count(before)
        return True

    async def _count(self, account_id: UUID) -> bool:
        now, more = self._now(), False
        with _set_back("counting", self._setbacks, account_id, now):
            async with self._database.transaction(None) as tx:
                more = await count_account(tx, account_id, now)
        return more

    async def _behind(self, resting: Sequence[UUID]) -> list[UUID]:
        asked = (
            select(figures.c.history_id)
            .where(figures.c.behind, figures.c.history_id != all_(literal(resting, ARRAY(Uuid))))
            .limit(_ACCOUNTS_A_ROUND)
        )
        async with self._database.transaction(None) as tx:
            return list(await tx.scalars(asked))


class EquityReading:
    """Reads the newest snapshots, for ever. Any number of processes may run it."""

    def __init__(self, *, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._setbacks = Setbacks()

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            try:
                await self.step()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next look finds newer snapshots
                log_failure(log, "reading equity failed", error)
                measures.loop_failures_total.labels("equity").inc()
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            await asyncio.sleep(_READ_EVERY_SECONDS)

    async def step(self) -> int:
        """Read the accounts with a new snapshot; return how many.

        An account that cannot be read is left for later, and the others are read.
        """
        now = self._now()
        resting = self._setbacks.resting(now)
        async with self._database.transaction(None) as tx:
            waiting = await accounts_to_read(tx, limit=_ACCOUNTS_A_ROUND, resting=resting)
        for account_id in waiting:
            with _set_back("equity", self._setbacks, account_id, now):
                async with self._database.transaction(None) as tx:
                    await read_equity(tx, account_id)
        return len(waiting)


@contextmanager
def _set_back(loop: str, setbacks: Setbacks, account_id: UUID, now: datetime) -> Generator[None]:
    """Let an account that fails inside the block be left alone for a while, and go on.

    An outage ends the round. The account rests as well: it may be what the database cannot do.
    """
    try:
        yield
    except Exception as error:
        setbacks.failed(account_id, now)
        measures.account_failures_total.labels(loop).inc()
        if is_outage(error):
            raise
        log_failure(log, "account left for later", error, loop=loop, account_id=str(account_id))
    else:
        setbacks.succeeded(account_id)


async def read_equity(tx: AsyncConnection, account_id: UUID) -> None:
    """Take an account's newest snapshot into the path of its equity."""
    history, snapshot = await history_for_update(tx, account_id), await snapshot_of(tx, account_id)
    if history is None or snapshot is None:
        return
    whole = history.counted.whole
    credit = Decimal(execution_pb2.AccountSnapshot.FromString(snapshot.body).credit or 0)
    # Deals of credit are counted as payments, as MetaTrader's reports do.
    reading = Reading(balance=snapshot.balance + credit, equity=snapshot.equity)
    before = history.equity or EquityPath.beginning(reading, counted=whole.balance)
    path = before.after(reading, counted=whole.balance, paid=paid_of(history.counted))
    if path.unexplained == before.unexplained:
        await keep_reading(tx, history, snapshot, path)
        measures.readings_total.inc()
    await save_history(tx, replace(history, equity=path, equity_read_at=snapshot.received_at))
