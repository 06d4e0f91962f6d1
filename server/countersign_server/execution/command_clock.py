"""Commands whose time has come: not granted in time, or granted and silent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from countersign_server.audit.entries import Trace
from countersign_server.execution.book import Books, Ring
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandEvent, CommandState
from countersign_server.execution.measures import commands_over_total
from countersign_server.execution.presumption import may_presume
from countersign_server.execution.transitions import advance

BATCH = 200
_PRESUME_EVERY = timedelta(seconds=2)
_FIRST = UUID(int=0)
_ACTOR = Trace(actor="system:command-clock")


class CommandClock:
    """Moves commands along when nobody else does. Safe to run in every process at once."""

    def __init__(
        self,
        *,
        books: Books,
        ring: Ring,
        doubt_after: timedelta,
        presume_after: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._books = books
        self._ring = ring
        self._doubt_after = doubt_after
        self._presume_after = presume_after
        self._now = now
        self._presume_next = datetime.min.replace(tzinfo=UTC)
        self._judged = _FIRST

    async def look(self) -> int:
        """Move what is overdue and return how many."""
        moved = [*await self._expire(), *await self._doubt(), *await self._presume()]
        self._tell(moved)
        return len(moved)

    async def _expire(self) -> list[Command]:
        now = self._now()
        async with self._books.transaction(None) as book:
            expired = await book.commands.overdue(
                [CommandState.APPROVED, CommandState.OFFERED],
                due="expires_at",
                before=now,
                limit=BATCH,
            )
            return [
                await advance(
                    book, command, CommandEvent.EXPIRE, trace=_ACTOR, now=now, reason="EXPIRED"
                )
                for command in expired
            ]

    async def _doubt(self) -> list[Command]:
        now = self._now()
        async with self._books.transaction(None) as book:
            silent = await book.commands.overdue(
                [CommandState.GRANTED],
                due="granted_at",
                before=now - self._doubt_after,
                limit=BATCH,
            )
            return [
                await advance(
                    book, command, CommandEvent.DOUBT, trace=_ACTOR, now=now, reason="NO_RESULT"
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
        async with self._books.transaction(None) as book:
            doubtful = await book.commands.doubts_without_trace(
                after=self._judged, before=now - self._presume_after, limit=BATCH
            )
        self._judged = doubtful[-1].command_id if len(doubtful) == BATCH else _FIRST
        presumed: list[Command] = []
        for doubt in doubtful:
            if may_presume(doubt, presume_after=self._presume_after):
                presumed += await self._presume_one(doubt.command_id, now)
        return presumed

    async def _presume_one(self, command_id: UUID, now: datetime) -> list[Command]:
        async with self._books.transaction(None) as book:
            command = await book.commands.held(command_id)
            if command is None or command.state is not CommandState.IN_DOUBT:
                return []
            return [
                await advance(
                    book, command, CommandEvent.PRESUME, trace=_ACTOR, now=now, reason="NO_TRACE"
                )
            ]

    def _tell(self, moved: list[Command]) -> None:
        for command in moved:
            commands_over_total.labels(command.state).inc()
        if moved:
            self._ring("audit", *{f"account:{command.account_id}" for command in moved})
