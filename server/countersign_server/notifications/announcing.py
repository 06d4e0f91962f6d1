"""From the event log to who wants to know: each event once for each destination, whatever fails.

The place in the log that was looked through and the notifications made on the way are written in
one transaction, by whoever holds the one row of the place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.log import LogEntry, entries_between, newest_sequence
from countersign_server.database.engine import Database
from countersign_server.identifiers import uuid7
from countersign_server.notifications import measures
from countersign_server.notifications.body import body_of, facts_in
from countersign_server.notifications.destination import ChannelKind, Destination, Event, wants
from countersign_server.notifications.destination_store import (
    destinations_of,
    owners_with_destinations,
)
from countersign_server.notifications.notification import Notification
from countersign_server.notifications.queue_store import enqueue
from countersign_server.notifications.tables import notification_cursor
from countersign_server.notifications.topic import STEPS, level_of, topic_of
from countersign_server.signals.store import producers_of

BATCH = 500
# Looked through in one statement: the entries of those who want to know lie far apart.
_STRIDE = 20_000
# An alert that is days late misleads; a receiver that was away for a weekend wants what it missed.
PATIENCE: Mapping[ChannelKind, timedelta] = {
    ChannelKind.WEBHOOK: timedelta(days=3),
    ChannelKind.TELEGRAM: timedelta(hours=12),
}


@dataclass(frozen=True, slots=True)
class Announced:
    """What one look made. `is_behind`: there is more to look through at once."""

    count: int
    is_behind: bool


class Announcer:
    """Makes notifications of what is sealed. Any number of processes may run it; one works."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def step(self) -> Announced:
        """Look through the next part of the log."""
        async with self._database.transaction(None) as tx:
            after = await tx.scalar(
                select(notification_cursor.c.sequence).with_for_update(skip_locked=True)
            )
            if after is None:
                measures.lag_events.set(0)  # another process is at it, and measures
                return Announced(0, is_behind=False)
            newest = await newest_sequence(tx)
            upto = min(newest, after + _STRIDE)
            entries = await self._entries(tx, after=after, upto=upto)
            if len(entries) == BATCH:
                upto = entries[-1].sequence
            count = await self._announce(tx, entries)
            if upto > after:
                await tx.execute(update(notification_cursor).values(sequence=upto))
        measures.lag_events.set(newest - max(upto, after))
        return Announced(count, is_behind=upto < newest)

    async def _entries(self, tx: AsyncConnection, *, after: int, upto: int) -> Sequence[LogEntry]:
        owners = await owners_with_destinations(tx) if upto > after else ()
        if not owners:
            return ()
        return await entries_between(tx, after=after, upto=upto, limit=BATCH, owners=owners)

    async def _announce(self, tx: AsyncConnection, entries: Sequence[LogEntry]) -> int:
        if not entries:
            return 0
        owners = {entry.owner_id for entry in entries if entry.owner_id is not None}
        by_owner = await destinations_of(tx, owners)
        signal_ids = {entry.signal_id for entry in entries if entry.signal_id is not None}
        producers = await producers_of(tx, signal_ids)
        now = self._now()
        made = [
            notification
            for entry in entries
            for notification in announced(entry, by_owner, producers, now)
        ]
        channels = {one.id: one.channel for each in by_owner.values() for one in each}
        stored = await enqueue(tx, made, channels)
        for one in made:
            measures.announced_total.labels(channels[one.destination_id], one.topic).inc()
        return stored


def announced(
    entry: LogEntry,
    by_owner: Mapping[UUID, Sequence[Destination]],
    producers: Mapping[UUID, UUID],
    now: datetime,
) -> Sequence[Notification]:
    """Return what is told of an entry, and to whom. `producers` are those of signals."""
    topic = topic_of(entry.kind)
    if topic is None or entry.owner_id is None:
        return ()
    event = Event(
        owner_id=entry.owner_id,
        topic=topic,
        level=level_of(entry.kind, facts_in(entry.after_json)),
        subject=entry.subject,
        is_step=entry.kind in STEPS,
        account_id=entry.account_id,
        producer_id=_producer_of(entry, producers),
    )
    body = body_of(entry)
    return [
        Notification(
            id=uuid7(now),
            owner_id=event.owner_id,
            destination_id=destination.id,
            lane=entry.account_id or destination.id,
            sequence=entry.sequence,
            kind=entry.kind,
            topic=topic,
            level=event.level,
            account_id=entry.account_id,
            signal_id=entry.signal_id,
            body=body,
            created_at=now,
            give_up_at=now + PATIENCE[destination.channel],
        )
        for destination in by_owner.get(event.owner_id, ())
        if wants(destination, event, now)
    ]


def _producer_of(entry: LogEntry, producers: Mapping[UUID, UUID]) -> UUID | None:
    if entry.signal_id is not None:
        return producers.get(entry.signal_id)
    # What was refused became no signal; its entry names the producer.
    kind, _, name = entry.subject.partition(":")
    return UUID(name) if kind == "producer" else None
