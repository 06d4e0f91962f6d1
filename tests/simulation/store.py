"""The one database of all server processes: slow, watched, and restored from a backup."""

from collections.abc import Callable, Sequence
from types import TracebackType
from uuid import UUID

from countersign_server.audit.entries import Entry
from countersign_server.execution.book import Book
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
    "guard.latched": (ServerPoint.BEFORE_LATCH, ServerPoint.AFTER_LATCH),
    "guard.flattening": (ServerPoint.BEFORE_LATCH, ServerPoint.AFTER_LATCH),
    "kill_switch.pulled": (ServerPoint.BEFORE_LATCH, ServerPoint.AFTER_LATCH),
    "kill_switch.released": (ServerPoint.BEFORE_LATCH, ServerPoint.AFTER_LATCH),
}


def _points(told: Sequence[Entry]) -> tuple[ServerPoint, ServerPoint] | None:
    """Return the places before and after a commit; None: nobody minds a crash there."""
    return next(
        (_BEFORE_AND_AFTER[one.kind] for one in told if one.kind in _BEFORE_AND_AFTER), None
    )


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
        book = await self._inner.__aenter__()
        assert self._store.books.open is not None
        self._told = self._store.books.open.told
        return book

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self._inner.__aexit__(kind, error, traceback)
            return
        points = _points(self._told)
        if points is not None:
            try:
                self._store.reach(points[0])
            except Died as died:
                await self._inner.__aexit__(Died, died, None)
                raise
        await self._inner.__aexit__(None, None, None)
        self._store.tell(self._told)
        if points is not None:
            self._store.reach(points[1])
