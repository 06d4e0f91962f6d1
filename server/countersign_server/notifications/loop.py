"""What runs at its own pace: events are announced, notifications delivered, old ones forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import structlog

from countersign_server.audit.loop import SEALED
from countersign_server.database.engine import Database
from countersign_server.database.outages import log_failure
from countersign_server.database.wakeups import Wakeups
from countersign_server.notifications import measures
from countersign_server.notifications.announcing import Announcer
from countersign_server.notifications.courier import AT_ONCE, Courier
from countersign_server.notifications.log_store import forget, give_up_left, oldest_waiting

# Rung when there is something to deliver.
QUEUED = "notifications"

_PERIOD = timedelta(seconds=1)
_TIDY_EVERY = timedelta(minutes=1)
_TIDIED_AT_ONCE = 1000
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=200), timedelta(seconds=10)

log = structlog.get_logger()


class Announcing:
    """Follows the event log, for ever."""

    def __init__(self, announcer: Announcer, wakeups: Wakeups) -> None:
        self._announcer = announcer
        self._wakeups = wakeups

    async def run(self) -> None:
        """Look through what is sealed as it is sealed, until cancelled."""
        await _keep_on("announcing", self._step, self._wakeups, SEALED)

    async def _step(self) -> bool:
        announced = await self._announcer.step()
        if announced.count:
            self._wakeups.ring(QUEUED)
        return announced.is_behind


class Delivering:
    """Delivers what waits, for ever."""

    def __init__(
        self, courier: Courier, wakeups: Wakeups, lines: AbstractAsyncContextManager[Any]
    ) -> None:
        """`lines` are what the channels talk over: open while this runs."""
        self._courier = courier
        self._wakeups = wakeups
        self._lines = lines

    async def run(self) -> None:
        """Work what is due, until cancelled."""
        async with self._lines:
            await _keep_on("delivering", self._step, self._wakeups, QUEUED)

    async def _step(self) -> bool:
        return await self._courier.step() == AT_ONCE


class Tidying:
    """Gives up what waits for the paused, and forgets what is long over."""

    def __init__(self, *, database: Database, kept: timedelta, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kept = kept
        self._now = now

    async def run(self) -> None:
        """Tidy up every minute, until cancelled."""
        while True:
            try:
                busy = await self.step()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next minute comes
                log_failure(log, "notifications not tidied", error)
                measures.loop_failures_total.labels("tidying").inc()
                busy = False
            if not busy:
                await asyncio.sleep(_TIDY_EVERY.total_seconds())

    async def step(self) -> bool:
        """Tidy one batch. True: there may be more."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            given_up = await give_up_left(tx, now, _TIDIED_AT_ONCE)
            forgotten = await forget(tx, now - self._kept, _TIDIED_AT_ONCE)
            since = await oldest_waiting(tx)
        measures.waiting.set((now - since).total_seconds() if since else 0)
        return max(given_up, forgotten) == _TIDIED_AT_ONCE


async def _keep_on(
    name: str, step: Callable[[], Awaitable[bool]], wakeups: Wakeups, topic: str
) -> None:
    """Do `step` for ever, at once while it says so; failures are tried again more slowly."""
    pause = _FIRST_PAUSE
    with wakeups.subscribe(topic) as wakeup:
        while True:
            try:
                is_busy = await step()
                pause = _FIRST_PAUSE
            except Exception as error:  # noqa: BLE001  # whatever it is, people must go on being told
                log_failure(log, "notifications failed", error, loop=name)
                measures.loop_failures_total.labels(name).inc()
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if not is_busy:
                await wakeup.wait(_PERIOD)
