"""Following positions as they come, for as long as somebody looks."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.store import snapshot_times, snapshots_of
from countersign_server.audit.feed import Feed
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.reconciliation.freshness import Stale
from countersign_server.reconciliation.news import News, Told, news_of
from countersign_server.rpc.following import told_as_it_comes
from countersign_server.rpc.server_sent_events import microseconds, one_event, one_line, settled

ACCOUNTS_MAX = 500


class Following:
    """Each follower's own way through what is stored."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        feed: Feed,
        stale: Stale,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._feed = feed
        self._stale = stale
        self._clock = clock

    async def follow(
        self, owner_id: UUID, account_id: UUID | None, last_event: int
    ) -> AsyncGenerator[bytes]:
        """Yield an owner's events, from those after `last_event` on; 0: from the beginning."""
        follower = _Follower(last_event, self._stale)

        async def read() -> bytes:
            return follower.take(await self._read(owner_id, account_id, follower.known()))

        with self._wakeups.subscribe(f"positions:{owner_id}") as bell:
            told = told_as_it_comes(
                bell,
                read=read,
                look_again=follower.look_again,
                is_stopped=lambda: self._feed.is_stopped,
                clock=self._clock,
            )
            async with aclosing(told) as events:
                async for data in events:
                    yield data

    async def _read(
        self, owner_id: UUID, account_id: UUID | None, known: Mapping[UUID, datetime]
    ) -> list[tuple[Snapshot, str]]:
        """Return the snapshots that the follower does not know."""
        async with self._database.transaction(owner_id) as tx:
            times = await snapshot_times(tx, account_id=account_id, limit=ACCOUNTS_MAX)
            new = [one for one, stored_at in times.items() if known.get(one) != stored_at]
            if not new:
                return []
            return list(await snapshots_of(tx, account_ids=new, limit=ACCOUNTS_MAX))


class _Follower:
    """What one follower was told. Its events are numbered by when their news was stored."""

    def __init__(self, last_event: int, stale: Stale) -> None:
        self._last_event = last_event
        self._settled = settled(last_event)
        self._stale = stale
        self._told: dict[UUID, tuple[Told, str]] = {}

    def known(self) -> Mapping[UUID, datetime]:
        return {one: told.snapshot.received_at for one, (told, _) in self._told.items()}

    def take(self, stored: list[tuple[Snapshot, str]]) -> bytes:
        """Return the events of what was read."""
        read = {snapshot.account_id: (snapshot, currency) for snapshot, currency in stored}
        unread = {one: (told.snapshot, currency) for one, (told, currency) in self._told.items()}
        return b"".join(self._event(*one) for one in (unread | read).values())

    def look_again(self) -> bytes:
        """Return the events of time alone."""
        return self.take([])

    def _event(self, snapshot: Snapshot, currency: str) -> bytes:
        before = self._told.get(snapshot.account_id)
        stale = self._stale(snapshot)
        told = Told(snapshot, stale)
        stored = microseconds(snapshot.received_at)
        self._told[snapshot.account_id] = (told, currency)
        # Told before the stream broke; that it has grown old since was not.
        was_told = before is None and stored <= self._settled
        known = Told(snapshot, stale=False) if was_told else before[0] if before else None
        news = news_of(snapshot, currency, stale=stale, before=known)
        if news is None:
            return b""
        self._last_event = max(self._last_event, stored)
        return self._written(news)

    def _written(self, news: News) -> bytes:
        return one_event(news.kind, one_line(news.message), identifier=self._last_event)
