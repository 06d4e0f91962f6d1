"""The server's guards in one process: its loop, without the event loop that turns it.

Whatever is judged, latched and closed is the product's own decision.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from countersign_server.execution.book import Ring
from countersign_server.guards.attending import Attendant
from countersign_server.guards.closer import Closer
from countersign_server.guards.news import News
from countersign_server.identifiers import Random
from countersign_server.reconciliation.freshness import HEARTBEATS
from tests.simulation.memory_guards import MemoryGuardBooks
from tests.simulation.signing import sign
from tests.simulation.store import Store
from tests.simulation.tasks import Pause

TOPIC = "guards"
CLOSE_WITHIN = timedelta(seconds=30)
_TAKEN = 100

# Runs a coroutine in a process, and calls back when it has ended, however.
Go = Callable[
    [Coroutine[Pause, None, Any], Callable[[Any], None], Callable[[Exception], None]], None
]


class Judging:
    """Has accounts looked at whenever somebody asks for it."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        store: Store,
        go: Go,
        *,
        ring: Ring,
        heartbeat: timedelta,
        now: Callable[[], datetime],
        random: Random,
    ) -> None:
        self._books = MemoryGuardBooks(store.books, store.transaction)
        self._go = go
        self._now = now
        self._is_looking = False
        self._look_again = False
        self._attendant = Attendant(
            books=self._books,
            ring=ring,
            closer=Closer(sign=sign, close_within=CLOSE_WITHIN, random=random),
            fresh_for=HEARTBEATS * heartbeat,
            now=now,
            random=random,
        )
        self.ask = News(self._books).ask

    def look(self) -> None:
        """Look at what is due, when the look that is under way has ended."""
        if self._is_looking:
            self._look_again = True
            return
        self._is_looking, self._look_again = True, False
        self._go(self._step(), self._looked, self._looked)

    def _looked(self, _: object) -> None:
        self._is_looking = False
        if self._look_again:
            self.look()

    async def _step(self) -> None:
        async with self._books.transaction(None) as book:
            await book.guards.enlist()
            due = await book.guards.due(self._now(), limit=_TAKEN)
        for account_id, owner_id in due:
            await self._attendant.attend(account_id, owner_id)
