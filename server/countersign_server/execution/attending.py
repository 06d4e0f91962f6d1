"""Attending to an open session: when its commands are looked at, and when it is over."""

import asyncio
from datetime import timedelta

from countersign_server.database.wakeups import Wakeup, Wakeups
from countersign_server.errors import DeviceRevoked
from countersign_server.execution.feeding import Feeder
from countersign_server.execution.live_session import LiveSession, Pace
from countersign_server.identity.revocations import Revocations

_LOOK_EVERY = timedelta(seconds=1)


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
        next_beat, presence = loop.time(), self._wakeups.presence
        # Subscribed before the first look, so that nothing slips by unseen.
        with (
            self._wakeups.subscribe(f"account:{session.opened.account_id}") as account_bell,
            self._wakeups.subscribe("revocations") as revocation_bell,
        ):
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
                        return "LEASE_LOST"
                await self._feeder.look(session)
                patience = min(_LOOK_EVERY, timedelta(seconds=max(next_beat - loop.time(), 0)))
                await _first_ring(account_bell, revocation_bell, patience=patience)

    def _is_silent(self, session: LiveSession, handler: asyncio.Task[object]) -> bool:
        now, limit = (
            asyncio.get_running_loop().time(),
            self._pace.heartbeat_timeout.total_seconds(),
        )
        if session.writing_since is not None and now - session.writing_since > limit:
            # A bridge that does not read blocks the writer for ever; only cancelling frees it.
            handler.cancel()
            return True
        return now - session.heard_at > limit


async def _first_ring(*bells: Wakeup, patience: timedelta) -> None:
    """Return when one of the bells rings, or after `patience`."""
    waits = [asyncio.create_task(bell.wait(patience)) for bell in bells]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
