"""Commands whose time has come: not granted in time, or granted and silent."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.command import Command
from countersign_server.execution.doubts import unspoken_doubts
from countersign_server.execution.lifecycle import CommandEvent, CommandState
from countersign_server.execution.measures import commands_over_total
from countersign_server.execution.presumption import may_presume
from countersign_server.execution.store import advance, command_for_update, overdue

log = structlog.get_logger()

_BATCH = 200
_PRESUME_EVERY = timedelta(seconds=2)
_FIRST = UUID(int=0)
_PERIOD_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 2.0
_ACTOR = Trace(actor="system:command-clock")


class CommandClock:
    """Moves commands along when nobody else does. Safe to run in every process at once."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        doubt_after: timedelta,
        presume_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._doubt_after = doubt_after
        self._presume_after = presume_after
        self._now = now
        self._presume_next = datetime.min.replace(tzinfo=UTC)
        self._judged = _FIRST

    async def run(self) -> None:
        """Look every half second, until cancelled."""
        while True:
            try:
                moved = await self.look()
            except Exception as error:  # noqa: BLE001  # the clock must go on; the next look finds the same rows
                log.warning("command clock failed", error=str(error))
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            if moved < _BATCH:
                await asyncio.sleep(_PERIOD_SECONDS)

    async def look(self) -> int:
        """Move what is overdue and return how many."""
        moved = [*await self._expire(), *await self._doubt(), *await self._presume()]
        self._tell(moved)
        return len(moved)

    async def _expire(self) -> list[Command]:
        now = self._now()
        async with self._database.transaction(None) as tx:
            expired = await overdue(
                tx,
                states=[CommandState.APPROVED, CommandState.OFFERED],
                column="expires_at",
                before=now,
                limit=_BATCH,
            )
            return [
                await advance(
                    tx, command, CommandEvent.EXPIRE, trace=_ACTOR, now=now, reason="EXPIRED"
                )
                for command in expired
            ]

    async def _doubt(self) -> list[Command]:
        now = self._now()
        async with self._database.transaction(None) as tx:
            silent = await overdue(
                tx,
                states=[CommandState.GRANTED],
                column="granted_at",
                before=now - self._doubt_after,
                limit=_BATCH,
            )
            return [
                await advance(
                    tx, command, CommandEvent.DOUBT, trace=_ACTOR, now=now, reason="NO_RESULT"
                )
                for command in silent
            ]

    async def _presume(self) -> list[Command]:
        """End doubts that nothing speaks for any more.

        The label unlocks nothing, and evidence reverses it. Each is judged for itself, in the order
        of their ids and round and round, so that none keeps the others from being looked at.
        """
        now = self._now()
        if now < self._presume_next:
            return []
        self._presume_next = now + _PRESUME_EVERY
        async with self._database.transaction(None) as tx:
            doubtful = await unspoken_doubts(
                tx, after=self._judged, before=now - self._presume_after, limit=_BATCH
            )
        self._judged = doubtful[-1].command_id if len(doubtful) == _BATCH else _FIRST
        presumed: list[Command] = []
        for doubt in doubtful:
            if may_presume(doubt, presume_after=self._presume_after):
                presumed += await self._presume_one(doubt.command_id, now)
        return presumed

    async def _presume_one(self, command_id: UUID, now: datetime) -> list[Command]:
        async with self._database.transaction(None) as tx:
            command = await command_for_update(tx, command_id)
            if command is None or command.state is not CommandState.IN_DOUBT:
                return []
            return [
                await advance(
                    tx, command, CommandEvent.PRESUME, trace=_ACTOR, now=now, reason="NO_TRACE"
                )
            ]

    def _tell(self, moved: list[Command]) -> None:
        for command in moved:
            commands_over_total.labels(command.state).inc()
        if moved:
            self._wakeups.ring("audit", *{f"account:{command.account_id}" for command in moved})
