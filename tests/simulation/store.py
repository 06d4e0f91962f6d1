"""The one database of all server processes: slow, watched, and restored from a backup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from uuid import UUID

from countersign_server.audit.entries import Entry
from countersign_server.execution.book import (
    Accounts,
    Book,
    Commands,
    Deals,
    Devices,
    Reports,
    Settlements,
)
from countersign_server.execution.command import Command
from countersign_server.execution.glance import Glance
from countersign_server.execution.opening_pace import OpeningPace
from tests.simulation.kernel import Kernel
from tests.simulation.memory_books import MemoryBooks
from tests.simulation.perils import Died, Perils, ServerPoint
from tests.simulation.tasks import Pause

# What a transaction was about, by the first of its audit entries that says so.
_BEFORE_AND_AFTER = {
    "device.connected": (ServerPoint.BEFORE_OPENING, ServerPoint.AFTER_OPENING),
    "command.offered": (ServerPoint.BEFORE_OFFER, ServerPoint.AFTER_OFFER),
    "command.granted": (ServerPoint.BEFORE_GRANT, ServerPoint.AFTER_GRANT),
    "command.revoked": (ServerPoint.BEFORE_REVOKE, ServerPoint.AFTER_REVOKE),
    "command.approved": (ServerPoint.BEFORE_APPROVAL, ServerPoint.AFTER_APPROVAL),
    "command.in-doubt": (ServerPoint.BEFORE_DOUBT, ServerPoint.AFTER_DOUBT),
    "command.executed": (ServerPoint.BEFORE_RESULT, ServerPoint.AFTER_RESULT),
    "command.working": (ServerPoint.BEFORE_RESULT, ServerPoint.AFTER_RESULT),
    "command.rejected": (ServerPoint.BEFORE_RESULT, ServerPoint.AFTER_RESULT),
    "command.not-sent": (ServerPoint.BEFORE_RESULT, ServerPoint.AFTER_RESULT),
    "deal.recorded": (ServerPoint.BEFORE_DEAL, ServerPoint.AFTER_DEAL),
}


@dataclass(slots=True)
class WatchedBook:
    """A transaction of which the simulation sees what it was about."""

    book: Book
    entries: list[Entry] = field(default_factory=list[Entry])

    @property
    def commands(self) -> Commands:
        return self.book.commands

    @property
    def reports(self) -> Reports:
        return self.book.reports

    @property
    def settlements(self) -> Settlements:
        return self.book.settlements

    @property
    def deals(self) -> Deals:
        return self.book.deals

    @property
    def accounts(self) -> Accounts:
        return self.book.accounts

    @property
    def devices(self) -> Devices:
        return self.book.devices

    async def glance(self, account_id: UUID) -> Glance:
        return await self.book.glance(account_id)

    async def opening_pace(self, command: Command, now: datetime) -> OpeningPace:
        return await self.book.opening_pace(command, now)

    async def record(self, *entries: Entry) -> None:
        self.entries.extend(entries)
        await self.book.record(*entries)

    @property
    def points(self) -> tuple[ServerPoint, ServerPoint] | None:
        """The places before and after its commit; None: nobody minds a crash there."""
        for entry in self.entries:
            if entry.kind in _BEFORE_AND_AFTER:
                return _BEFORE_AND_AFTER[entry.kind]
        return None


class Store:
    """Books in memory, with the time that a database takes and the places where a process dies."""

    def __init__(
        self,
        kernel: Kernel,
        books: MemoryBooks,
        *,
        perils: Perils,
        committed: Callable[[Sequence[Entry]], None],
    ) -> None:
        self.books = books
        self._kernel = kernel
        self._perils = perils
        self._committed = committed
        self._chance = kernel.chance("store")

    def transaction(self, owner: UUID | None) -> "_Transaction":
        return _Transaction(self, owner)

    def delay(self) -> Pause:
        return Pause(self._chance.uniform(0.0005, 0.004))

    def reach(self, point: ServerPoint) -> None:
        self._perils.reach(point)

    def tell(self, entries: Sequence[Entry]) -> None:
        """Let the simulation know what has just become durable."""
        self._committed(entries)


class _Transaction:
    """One transaction. It waits before it begins; what is in it happens at one moment."""

    def __init__(self, store: Store, owner: UUID | None) -> None:
        self._store = store
        self._inner = store.books.transaction(owner)

    async def __aenter__(self) -> Book:
        await self._store.delay()
        self._watched = WatchedBook(await self._inner.__aenter__())
        return self._watched

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self._inner.__aexit__(kind, error, traceback)
            return
        points = self._watched.points
        if points is not None:
            try:
                self._store.reach(points[0])
            except Died as died:
                await self._inner.__aexit__(Died, died, None)
                raise
        await self._inner.__aexit__(None, None, None)
        self._store.tell(self._watched.entries)
        if points is not None:
            self._store.reach(points[1])
