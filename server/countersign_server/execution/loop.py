"""Commands whose time has come: not granted in time, or granted and silent."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.command import Command
from countersign_server.execution.history import evidence_of
from countersign_server.execution.lifecycle import CommandEvent, CommandState
from countersign_server.execution.measures import commands_over_total
from countersign_server.execution.presumption import may_presume, silent_since
from countersign_server.execution.store import advance, overdue

log = structlog.get_logger()

_BATCH = 200
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
        now = self._now()
        async with self._database.transaction(None) as tx:
            expired = await overdue(
                tx,
                states=[CommandState.APPROVED, CommandState.OFFERED],
                column="expires_at",
                before=now,
                limit=_BATCH,
            )
            silent = await overdue(
                tx,
                states=[CommandState.GRANTED],
                column="granted_at",
                before=now - self._doubt_after,
                limit=_BATCH,
            )
            moved = [
                await advance(
                    tx, command, CommandEvent.EXPIRE, trace=_ACTOR, now=now, reason="EXPIRED"
                )
                for command in expired
            ]
            moved += [
                await advance(
                    tx, command, CommandEvent.DOUBT, trace=_ACTOR, now=now, reason="NO_RESULT"
                )
                for command in silent
            ]
            moved += await self._presume(tx, now)
        self._tell(moved)
        return len(moved)

    async def _presume(self, tx: AsyncConnection, now: datetime) -> list[Command]:
        """End doubts that nothing speaks for any more.

        The label unlocks nothing, and evidence reverses it.
        """
        doubtful = await overdue(
            tx,
            states=[CommandState.IN_DOUBT],
            column="updated_at",
            before=now - self._presume_after,
            limit=_BATCH,
        )
        presumed: list[Command] = []
        for command in doubtful:
            known = await evidence_of(tx, command)
            if may_presume(
                known, silent_since=silent_since(command), presume_after=self._presume_after
            ):
                presumed.append(
                    await advance(
                        tx,
                        command,
                        CommandEvent.PRESUME,
                        trace=_ACTOR,
                        now=now,
                        reason="NO_TRACE",
                    )
                )
        return presumed

    def _tell(self, moved: list[Command]) -> None:
        for command in moved:
            commands_over_total.labels(command.state).inc()
        if moved:
            self._wakeups.ring("audit", *{f"account:{command.account_id}" for command in moved})
