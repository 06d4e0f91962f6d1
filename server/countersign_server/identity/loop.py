"""Forgetting what has expired: tokens, invitations, challenges, revocations, attempts."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from countersign_server.database.engine import Database
from countersign_server.identity import store
from countersign_server.identity.attempts import forget_attempts
from countersign_server.identity.measures import expired_rows_forgotten_total
from countersign_server.identity.owner_key_store import forget_challenges
from countersign_server.identity.revocations import Revocations

PERIOD = timedelta(minutes=5)

log = structlog.get_logger()


class Forgetting:
    """Deletes what can no longer be used. Any number of processes may do it at once."""

    def __init__(
        self, database: Database, revocations: Revocations, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._revocations = revocations
        self._now = now

    async def run(self) -> None:
        """Forget every PERIOD, for ever."""
        while True:
            try:
                await self.forget()
            except (SQLAlchemyError, OSError) as error:
                log.warning("what has expired was not forgotten", error=str(error))
            await asyncio.sleep(PERIOD.total_seconds())

    async def forget(self) -> int:
        """Delete what has expired. Returns how many rows."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            gone = await store.forget_expired(tx, now) + await forget_attempts(tx, now)
            gone += await forget_challenges(tx, now)
        gone += await self._revocations.forget_expired()
        expired_rows_forgotten_total.inc(gone)
        return gone
