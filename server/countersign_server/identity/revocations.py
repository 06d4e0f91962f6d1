"""What is not believed any more, although its signature holds and its time has not come."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identity.measures import revocations_read_seconds
from countersign_server.identity.tables import revocations
from countersign_server.rpc.caller import Caller

TOPIC = "revocations"

# A revoked stream ends within a second even if the doorbell stays silent.
PERIOD = timedelta(seconds=0.5)
# Longer than an issue that was under way when its subject was revoked.
MARGIN = timedelta(minutes=2)

log = structlog.get_logger()


def subjects_of(caller: Caller) -> tuple[str, ...]:
    """Return everything whose revocation ends the caller's tokens: sign-in, itself, its owner."""
    return (caller.session, caller.actor, f"user:{caller.owner_id}")


class Revocations:
    """The revoked subjects, in memory, as fresh as the last doorbell or PERIOD.

    A revocation holds for every token of its subject, whenever issued: comparing times would let
    pass a token that was issued while its subject was being revoked, or by a clock that is ahead.
    So a subject is never used again after it was revoked.
    """

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        now: Callable[[], datetime],
        *,
        token_lifetime: timedelta,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now
        self._kept_for = token_lifetime + MARGIN
        self._stored: frozenset[str] = frozenset()
        # Announced in this process; a read that began before the commit must not forget them.
        self._announced: dict[str, datetime] = {}
        self._changed = asyncio.Event()

    def is_revoked(self, caller: Caller) -> bool:
        """Return whether the caller's tokens have ended. Costs three look-ups."""
        return any(
            subject in self._stored or subject in self._announced for subject in subjects_of(caller)
        )

    async def until_revoked(self, caller: Caller) -> None:
        """Return once the caller's tokens have ended, within a second of the commit."""
        while not self.is_revoked(caller):
            await self._changed.wait()

    async def revoke(self, tx: AsyncConnection, subject: str, now: datetime) -> None:
        """Write down that the tokens of `subject` end. Call `announce` after the commit."""
        await tx.execute(
            insert(revocations)
            .values(subject=subject, revoked_at=now, expires_at=now + self._kept_for)
            .on_conflict_do_update(
                index_elements=[revocations.c.subject],
                set_={"expires_at": now + self._kept_for},
            )
        )

    def announce(self, *subjects: str) -> None:
        """Make a committed revocation count: here at once, in every other process in a moment."""
        for subject in subjects:
            self._announced[subject] = self._now() + self._kept_for
        self._tell()
        self._wakeups.ring(TOPIC)

    async def load(self) -> None:
        """Read what is revoked. To be called before the first call is served."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            found = await tx.scalars(
                select(revocations.c.subject).where(revocations.c.expires_at > now)
            )
            stored = frozenset(found)
        self._announced = {name: end for name, end in self._announced.items() if end > now}
        revocations_read_seconds.set(now.timestamp())
        if stored != self._stored:
            self._stored = stored
            self._tell()

    async def forget_expired(self) -> int:
        """Delete revocations whose tokens have all expired. Returns how many."""
        async with self._database.transaction(None) as tx:
            gone = await tx.execute(
                delete(revocations).where(revocations.c.expires_at <= self._now())
            )
            return gone.rowcount

    async def run(self) -> None:
        """Keep the memory fresh, for ever."""
        with self._wakeups.subscribe(TOPIC) as wakeup:
            while True:
                try:
                    await self.load()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("revocations not read", error=str(error))
                await wakeup.wait(PERIOD)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
