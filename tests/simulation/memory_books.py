"""Transactions in memory: all or nothing, one after another, with faults on demand."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from uuid import UUID

from tests.simulation.memory_book import MemoryBook
from tests.simulation.memory_tables import Open, Tables


class Moment(StrEnum):
    """Where a server may die around a commit."""

    BEFORE_COMMIT = "before-commit"  # nothing of the transaction is kept
    AFTER_COMMIT = "after-commit"  # all of it is kept, and whoever waits never learns of it


def _lives(moment: Moment) -> None:
    """Nothing goes wrong."""


class MemoryBooks:
    """See `book.Books`. `crash` is called around each commit and raises to die there.

    Nothing in it ever waits: a coroutine that awaits only its books ends at its first `send`.
    """

    def __init__(
        self, clock: Callable[[], datetime], crash: Callable[[Moment], None] = _lives
    ) -> None:
        self.tables = Tables()
        self.clock = clock
        self.crash = crash
        self.present: set[int] = set()  # of the processes that live
        self.open: Open | None = None

    def transaction(self, owner: UUID | None) -> "AbstractAsyncContextManager[MemoryBook]":
        return _Transaction(self, owner)

    def snapshot(self) -> Tables:
        """Return a backup of everything that is committed."""
        return self.tables.copy()

    def restore(self, backup: Tables) -> None:
        """Go back to a backup; it can be restored any number of times."""
        self.tables = backup.copy()


class _Transaction(AbstractAsyncContextManager[MemoryBook]):
    """One transaction. Only one is open at a time: each ends before the next begins."""

    def __init__(self, books: MemoryBooks, owner: UUID | None) -> None:
        self._books = books
        self._owner = owner

    async def __aenter__(self) -> MemoryBook:
        assert self._books.open is None, "a transaction is open: its coroutine was left half-way"
        self._books.open = Open(
            self._books.tables,
            self._owner,
            self._books.clock,
            self._books.present.__contains__,
        )
        return MemoryBook(self._books.open)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction, self._books.open = self._books.open, None
        assert transaction is not None
        if error is not None:
            transaction.roll_back()
            return
        try:
            self._books.crash(Moment.BEFORE_COMMIT)
        except BaseException:
            transaction.roll_back()
            raise
        self._books.crash(Moment.AFTER_COMMIT)
