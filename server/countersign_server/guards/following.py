"""Following guards as they stand, for as long as somebody looks."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import guards_pb2 as pb
from countersign_server.accounts.store import account, list_accounts
from countersign_server.audit.feed import Feed
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.guards.showing import Shown, shown_guards
from countersign_server.guards.view import is_fresh
from countersign_server.rpc.following import told_as_it_comes
from countersign_server.rpc.server_sent_events import microseconds, one_event, one_line, settled

ACCOUNTS_MAX = 500


class Following:
    """Each follower's own way through how guards stand."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        feed: Feed,
        fresh_for: timedelta,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._feed = feed
        self._fresh_for = fresh_for
        self._now = now
        self._clock = clock

    async def follow(
        self, owner_id: UUID, account_id: UUID | None, last_event: int
    ) -> AsyncGenerator[bytes]:
        """Yield an owner's events, from those after `last_event` on; 0: from the beginning."""
        follower = _Follower(last_event, self._fresh_for)

        async def read() -> bytes:
            return follower.take(await self._read(owner_id, account_id), self._now())

        with self._wakeups.subscribe(f"guards:{owner_id}") as bell:
            told = told_as_it_comes(
                bell,
                read=read,
                look_again=lambda: follower.look_again(self._now()),
                is_stopped=lambda: self._feed.is_stopped,
                clock=self._clock,
            )
            async with aclosing(told) as events:
                async for data in events:
                    yield data

    async def _read(self, owner_id: UUID, account_id: UUID | None) -> Sequence[Shown]:
        async with self._database.transaction(owner_id) as tx:
            if account_id is None:
                found = await list_accounts(tx, before=None, limit=ACCOUNTS_MAX)
            else:
                one = await account(tx, account_id)
                found = [one] if one else []
            return await shown_guards(tx, found, fresh_for=self._fresh_for, now=self._now())


class _Follower:
    """What one follower was told. Its events are numbered by when their news was stored."""

    def __init__(self, last_event: int, fresh_for: timedelta) -> None:
        self._last_event = last_event
        self._settled = settled(last_event)
        self._fresh_for = fresh_for
        self._told: dict[str, Shown] = {}

    def take(self, read: Sequence[Shown], now: datetime) -> bytes:
        """Return the events of what was read."""
        return b"".join(self._event(one, now) for one in read)

    def look_again(self, now: datetime) -> bytes:
        """Return the events of time alone: what has grown stale."""
        return self.take(list(self._told.values()), now)

    def _event(self, shown: Shown, now: datetime) -> bytes:
        guard = pb.Guard()
        guard.CopyFrom(shown.message)
        snapshot = shown.snapshot
        guard.stale = snapshot is None or not is_fresh(snapshot, now=now, for_=self._fresh_for)
        before = self._told.get(guard.guard_id)
        self._told[guard.guard_id] = Shown(guard, snapshot, shown.moved_at)
        stored = microseconds(shown.moved_at)
        if before is None:
            # Told before the stream broke; that what it showed has grown stale since was not.
            grew_stale = guard.stale and snapshot is not None
            is_news = grew_stale or stored > self._settled
        else:
            is_news = _matters(guard) != _matters(before.message)
        if not is_news:
            return b""
        self._last_event = max(self._last_event, stored)
        guard.server_time.FromDatetime(now)
        return one_event("guard", one_line(guard), identifier=self._last_event)


def _matters(guard: pb.Guard) -> pb.Guard:
    """Return a guard without what changes while it stands still."""
    still = pb.Guard()
    still.CopyFrom(guard)
    still.ClearField("view_time")
    still.ClearField("server_time")
    return still
