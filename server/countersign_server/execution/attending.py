"""Attending to an open session: when its commands are looked at, and when it is over."""

import asyncio
from datetime import timedelta

import structlog

from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import DeviceRevoked
from countersign_server.execution.feeding import LOOK_ANYWAY, LOOK_EVERY, Feeder
from countersign_server.execution.live_session import LiveSession, Pace
from countersign_server.identity.revocations import Revocations

log = structlog.get_logger()


class Attendant:
    """Attends to the sessions of this process."""

    def __init__(
        self, *, feeder: Feeder, wakeups: Wakeups, revocations: Revocations, pace: Pace
    ) -> None:
        self._feeder = feeder
        self._wakeups = wakeups
        self._revocations = revocations
        self._pace = pace

    async def attend(self, session: LiveSession, handler: asyncio.Task[object]) -> str:
        """Look whenever the account's bell rings, until the session ends.

        Keeps the lease and notices silence; returns why the session ends. Raises DeviceRevoked.
        """
        loop = asyncio.get_running_loop()
        next_beat, next_look, presence = loop.time(), loop.time(), self._wakeups.presence
        topics = (f"account:{session.opened.account_id}", "revocations")
        # Subscribed before the first look, so that nothing slips by unseen.
        with self._wakeups.subscribe(*topics) as bell:
            while True:
                if self._revocations.is_revoked(session.caller):
                    raise DeviceRevoked("the device is revoked; pair the bridge again")
                if self._is_silent(session, handler):
                    return "SESSION_LAPSED"
                # A new presence proves the lease anew, unless somebody took it meanwhile.
                if loop.time() >= next_beat or presence != self._wakeups.presence:
                    presence = self._wakeups.presence
                    next_beat = loop.time() + self._pace.heartbeat_interval.total_seconds()
                    if not await self._feeder.beat(session):
                        log.warning("lease lost", account_id=str(session.opened.account_id))
                        return "LEASE_LOST"
                if loop.time() >= next_look:
                    is_restless = await self._feeder.look(session)
                    every = LOOK_EVERY if is_restless or not presence else LOOK_ANYWAY
                    next_look = loop.time() + every.total_seconds()
                wake_at = min(next_beat, next_look, self._silent_at(session))
                if await bell.wait(timedelta(seconds=max(wake_at - loop.time(), 0))):
                    next_look = loop.time()

    def _is_silent(self, session: LiveSession, handler: asyncio.Task[object]) -> bool:
        if asyncio.get_running_loop().time() < self._silent_at(session):
            return False
        if session.writing_since is not None:
            # A bridge that does not read blocks the writer for ever; only cancelling frees it.
            handler.cancel()
        return True

    def _silent_at(self, session: LiveSession) -> float:
        """Return when the bridge has been silent, or has not read, for too long."""
        since = session.heard_at
        if session.writing_since is not None:
            since = min(since, session.writing_since)
        return since + self._pace.heartbeat_timeout.total_seconds()
