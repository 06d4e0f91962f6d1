"""What runs at its own pace: signals are laid before owners, and what nobody decides expires."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError as NoConnection

from countersign_server.approvals.delivery import Delivered, Delivery
from countersign_server.approvals.history import entry_of
from countersign_server.approvals.lifecycle import ApprovalState
from countersign_server.approvals.measures import (
    approvals_total,
    delivery_seconds,
    expiry_lag_seconds,
    fan_out_lag_seconds,
    loop_failures_total,
)
from countersign_server.approvals.store import expire_waiting
from countersign_server.approvals.waiting_signals import (
    claim_signals,
    expire_signals,
)
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.outages import log_failure
from countersign_server.database.wakeups import Wakeups

# The table is read this often even if nobody rings; an expiry shows at most this late.
PERIOD = timedelta(seconds=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=200), timedelta(seconds=10)
# A signal that cannot be delivered lets others pass it for this long: longer than the longest
# pause, or it would be the first again before anything else had its turn.
_SET_ASIDE = timedelta(seconds=15)
_SIGNALS_AT_ONCE = 100
# Signals that come thick are gathered for this long; one that comes alone is delivered at once.
_GATHER = timedelta(milliseconds=20)
_EXPIRIES_AT_ONCE = 500
_EXPIRY_TRACE = Trace(actor="system:expiry")

log = structlog.get_logger()


class FanOut:
    """Lays signals before their followers, as they come. Any number of processes may run it."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        delivery: Delivery,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._delivery = delivery
        self._now = now
        self._set_aside: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Deliver what waits, for ever; failures are logged, and tried again more slowly."""
        pause = _FIRST_PAUSE
        with self._wakeups.subscribe("signals") as wakeup:
            while True:
                try:
                    is_busy = await self.step()
                    pause = _FIRST_PAUSE
                except Exception as error:  # noqa: BLE001  # whatever it is, signals must go on being delivered
                    log_failure(log, "fan-out failed", error)
                    loop_failures_total.labels("fan-out").inc()
                    await wakeup.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                if not is_busy:
                    await asyncio.sleep(_GATHER.total_seconds())
                    await wakeup.wait(PERIOD)

    async def step(self) -> bool:
        """Deliver one batch. True: more may be waiting.

        A batch that fails is tried one signal at a time, so that only the one at fault waits.
        """
        now = self._now()
        self._set_aside = {one: until for one, until in self._set_aside.items() if until > now}
        together: list[UUID] = []
        try:
            return await self._deliver(_SIGNALS_AT_ONCE, together)
        except Exception as error:
            if not together:
                raise
            # Which signal it was shows below.
            log.warning("delivery failed; trying signal by signal", error=str(error))
        for _ in range(_SIGNALS_AT_ONCE):
            claimed: list[UUID] = []
            try:
                if not await self._deliver(1, claimed):
                    return False
            except Exception as error:
                # However many fail in a row: only where nothing can be claimed, or the database
                # is away, is it not the signal that is at fault.
                if not claimed or _is_database_away(error):
                    raise
                log.exception("signal not delivered", signal_id=str(claimed[0]))
                self._set_aside[claimed[0]] = self._now() + _SET_ASIDE
        return True

    async def _deliver(self, limit: int, claimed: list[UUID]) -> bool:
        now = self._now()
        async with self._database.transaction(None) as tx:
            rows = await claim_signals(tx, now=now, limit=limit, except_for=self._set_aside)
            claimed.extend(row.id for row in rows)
            if not rows:
                fan_out_lag_seconds.set(0)
                return False
            fan_out_lag_seconds.set((now - rows[0].received_at).total_seconds())
            delivered = await self._delivery.deliver(tx, rows, now)
        self._tell(delivered)
        return len(rows) == limit or not delivered.is_complete

    def _tell(self, delivered: Delivered) -> None:
        for decision, count in delivered.decisions.items():
            approvals_total.labels(decision).inc(count)
        now = self._now()
        for terms in delivered.completed:
            delivery_seconds.observe((now - terms.received_at).total_seconds())
        self._wakeups.ring(*delivered.topics)


def _is_database_away(error: Exception) -> bool:
    """Tell whether nothing can be delivered now, whichever signal it is."""
    match error:
        case OperationalError():
            # A statement that took too long may well be this signal's fault.
            return not isinstance(error.orig, QueryCanceled)
        case InterfaceError() | NoConnection() | OSError():
            return True
        case _:
            return False


class Expiry:
    """Marks what nobody decided, and what was never delivered, once its time is over."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def run(self) -> None:
        """Mark what expires, for ever; failures are logged, and tried again more slowly."""
        pause = PERIOD
        while True:
            try:
                is_busy = await self.step()
                pause = PERIOD
            except Exception as error:  # noqa: BLE001  # whatever it is, entries must go on expiring
                log_failure(log, "expiry failed", error)
                loop_failures_total.labels("expiry").inc()
                is_busy, pause = False, min(pause * 2, _LONGEST_PAUSE)
            if not is_busy:
                await asyncio.sleep(pause.total_seconds())

    async def step(self) -> bool:
        """Mark one batch. True: more may be due."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            expired = await expire_waiting(tx, now=now, limit=_EXPIRIES_AT_ONCE)
            missed = await expire_signals(tx, now=now, limit=_EXPIRIES_AT_ONCE)
            entries = [
                entry_of(
                    one,
                    before=replace(one, state=ApprovalState.PENDING),
                    trace=_EXPIRY_TRACE,
                    now=now,
                )
                for one in expired
            ]
            for signal in missed:
                entry = Entry(
                    kind=f"signal.{signal.state}",
                    subject=f"signal:{signal.id}",
                    event_time=now,
                    trace=_EXPIRY_TRACE,
                    owner_id=signal.owner_id,
                    signal_id=signal.id,
                    before={"state": "accepted"},
                    after={"state": signal.state},
                )
                entries.append(entry)
            await record(tx, *entries)
        lateness = [(now - one.expires_at).total_seconds() for one in expired]
        expiry_lag_seconds.set(max(lateness, default=0))
        if entries:
            approvals_total.labels("expired").inc(len(expired))
            self._wakeups.ring("approvals", "audit")
        return max(len(expired), len(missed)) == _EXPIRIES_AT_ONCE
