"""Delivering what waits, lane by lane: in order, once if the receiver answers, and again if not."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.notifications import measures
from countersign_server.notifications.channel import Channels, Outcome, Result
from countersign_server.notifications.destination import SUBJECTS
from countersign_server.notifications.destination_store import pause_destination
from countersign_server.notifications.notification import Notification, State, pause_after
from countersign_server.notifications.queue_store import (
    Attempt,
    Lane,
    give_up_late,
    hold,
    next_waiting,
    release,
    save_attempt,
    take_lanes,
)

AT_ONCE = 16
# Few enough that others have their turn.
_OF_A_LANE = 20
_DETAIL_LENGTH = 200
log = structlog.get_logger()

_TRACE = Trace(actor="system:notifications")
_SHORTEST_PAUSE, _LONGEST_ASKED = timedelta(seconds=1), timedelta(hours=6)


def _drawn() -> float:
    return secrets.randbelow(2**32) / 2**32


@dataclass(frozen=True, slots=True)
class _Tried:
    notification: Notification
    attempt: Attempt
    outcome: Outcome


class Courier:
    """Delivers through channels. Any number of processes may run it."""

    def __init__(
        self,
        *,
        database: Database,
        channels: Channels,
        now: Callable[[], datetime],
        chance: Callable[[], float] = _drawn,
    ) -> None:
        self._database = database
        self._channels = channels
        self._now = now
        self._chance = chance

    async def step(self) -> int:
        """Work the lanes that are due, some at a time; return how many were taken."""
        async with self._database.transaction(None) as tx:
            lanes = await take_lanes(tx, [*self._channels], limit=AT_ONCE, now=self._now())
        ended = await asyncio.gather(*map(self._work, lanes), return_exceptions=True)
        for lane, outcome in zip(lanes, ended, strict=True):
            if isinstance(outcome, Exception):
                # Its lease runs out, and it is worked again.
                log.warning("lane not worked", lane=str(lane.lane), error=str(outcome)[:300])
        return len(lanes)

    async def _work(self, lane: Lane) -> None:
        """Deliver what a lane holds, until one fails or it is others' turn."""
        async with self._database.transaction(None) as tx:
            waiting = await next_waiting(tx, lane, _OF_A_LANE)
        for notification in waiting:
            tried = await self._try(lane, notification)
            async with self._database.transaction(None) as tx:
                # Before the lane's row is held: a destination's row comes before its lanes'.
                if tried.outcome.result is Result.GONE:
                    await self._pause(tx, lane, tried.outcome.reason)
                if not await hold(tx, lane, self._now()):
                    return  # it took too long: another holds the lane, and tries again
                await save_attempt(tx, tried.notification, tried.attempt)
                if not tried.outcome.goes_on:
                    await self._set_back(tx, lane, tried.outcome)
            self._measure(lane, tried)
            if not tried.outcome.goes_on:
                return
        async with self._database.transaction(None) as tx:
            if await hold(tx, lane, self._now()):
                await release(tx, lane, failures=0, again_at=self._now())

    async def _try(self, lane: Lane, notification: Notification) -> _Tried:
        began_at, began = self._now(), time.monotonic()
        try:
            outcome = await self._channels[lane.channel].deliver(notification)
        except Exception:  # a bug; the others' notifications must not wait for it
            log.exception("not delivered", notification_id=str(notification.id))
            outcome = Outcome(result=Result.FAILED, reason="INTERNAL")
        attempt = Attempt(
            number=notification.attempts + 1,
            attempted_at=began_at,
            duration_ms=int((time.monotonic() - began) * 1000),
            outcome=outcome.reason,
            status=outcome.status,
            detail=outcome.detail[:_DETAIL_LENGTH],
        )
        return _Tried(after_attempt(notification, outcome, self._now()), attempt, outcome)

    async def _set_back(self, tx: AsyncConnection, lane: Lane, outcome: Outcome) -> None:
        now, failures = self._now(), lane.failures + 1
        dead = await give_up_late(tx, lane, now)
        measures.dead_total.labels(lane.channel).inc(dead)
        pause = pause_after(failures, self._chance())
        if outcome.again_after is not None:
            pause = min(max(outcome.again_after, _SHORTEST_PAUSE), _LONGEST_ASKED)
        await release(tx, lane, failures=failures, again_at=now + pause)

    async def _pause(self, tx: AsyncConnection, lane: Lane, reason: str) -> None:
        if await pause_destination(tx, lane.destination_id, reason):
            await record(tx, _paused(lane, reason, self._now()))

    def _measure(self, lane: Lane, tried: _Tried) -> None:
        measures.attempts_total.labels(lane.channel, tried.outcome.reason).inc()
        after = tried.notification
        if after.state is State.DELIVERED:
            waited = (self._now() - after.created_at).total_seconds()
            measures.delivery_seconds.labels(lane.channel).observe(max(waited, 0))
        if after.state is State.DEAD:
            measures.dead_total.labels(lane.channel).inc()


def after_attempt(before: Notification, outcome: Outcome, now: datetime) -> Notification:
    """Return how a notification stands after an attempt."""
    after = replace(before, attempts=before.attempts + 1)
    match outcome.result:
        case Result.DELIVERED:
            return replace(after, state=State.DELIVERED, ended_at=now, failure="")
        case Result.REFUSED:
            return replace(after, state=State.DEAD, ended_at=now, failure=outcome.reason)
        case Result.FAILED | Result.GONE:
            after = replace(after, failure=outcome.reason)
            if now < before.give_up_at:
                return after
            return replace(after, state=State.DEAD, ended_at=now)


def _paused(lane: Lane, reason: str, now: datetime) -> Entry:
    kind = SUBJECTS[lane.channel]
    return Entry(
        kind=f"{kind}.paused",
        subject=f"{kind}:{lane.destination_id}",
        event_time=now,
        trace=_TRACE,
        owner_id=lane.owner_id,
        before={"paused_reason": ""},
        after={"paused_reason": reason},
    )
