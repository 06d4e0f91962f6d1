"""Each event is announced once to each destination, whoever looks and however often."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.loop import Sealer
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identifiers import uuid7
from countersign_server.notifications.announcing import Announcer
from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.destination_store import add_destination
from countersign_server.notifications.queue_store import hold, release, take_lanes
from countersign_server.notifications.tables import notification_cursor, notifications
from countersign_server.notifications.topic import Level

OWNER = uuid4()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections=5)
    yield database
    await database.close()


async def a_destination(database: Database, owner_id: UUID = OWNER) -> UUID:
    made = Destination(
        id=uuid7(now()),
        owner_id=owner_id,
        channel=ChannelKind.WEBHOOK,
        topics=frozenset(),
        level_min=Level.INFO,
        created_at=now(),
    )
    async with database.transaction(None) as tx:
        await add_destination(tx, made)
    return made.id


async def happen(database: Database, count: int, owner_id: UUID = OWNER) -> None:
    """Write events and seal them."""
    entries = [
        Entry(
            kind="deal.recorded",
            subject=f"deal:{number}",
            event_time=now(),
            trace=Trace("system:test"),
            owner_id=owner_id,
        )
        for number in range(count)
    ]
    async with database.transaction(None) as tx:
        await record(tx, *entries)
    sealer = Sealer(database, Wakeups("postgresql://nowhere"), now)
    while await sealer.seal_batch():
        pass


async def announced(database: Database) -> int:
    async with database.transaction(None) as tx:
        return await tx.scalar(select(func.count()).select_from(notifications)) or 0


async def look_through(announcer: Announcer) -> None:
    while (await announcer.step()).is_behind:
        pass


async def test_every_event_is_announced_once_to_each_destination(database: Database) -> None:
    await a_destination(database)
    await a_destination(database)
    await a_destination(database, uuid4())
    await happen(database, 700)

    await asyncio.gather(*(look_through(Announcer(database, now)) for _ in range(4)))
    await look_through(Announcer(database, now))

    assert await announced(database) == 2 * 700


async def test_a_burst_that_is_more_than_one_statement_takes_is_announced_whole(
    database: Database,
) -> None:
    for _ in range(10):
        await a_destination(database)
    await happen(database, 400)

    await look_through(Announcer(database, now))

    assert await announced(database) == 10 * 400


async def test_events_that_are_looked_through_again_are_not_announced_again(
    database: Database,
) -> None:
    await a_destination(database)
    await happen(database, 20)
    await look_through(Announcer(database, now))
    async with database.transaction(None) as tx:
        await tx.execute(update(notification_cursor).values(sequence=0))

    await look_through(Announcer(database, now))

    assert await announced(database) == 20


async def test_what_happened_before_a_destination_was_there_is_not_told_to_it(
    database: Database,
) -> None:
    await happen(database, 20)
    await look_through(Announcer(database, now))
    await a_destination(database)
    await happen(database, 3)

    await look_through(Announcer(database, now))

    assert await announced(database) == 3


async def test_a_failure_leaves_both_the_place_and_the_notifications_as_they_were(
    database: Database,
) -> None:
    await a_destination(database)
    await happen(database, 20)
    async with database.transaction(None) as tx:
        await tx.execute(text("ALTER TABLE notification_lanes ADD CONSTRAINT broken CHECK (false)"))
    with pytest.raises(Exception, match="broken"):
        await look_through(Announcer(database, now))
    nothing = await announced(database)
    async with database.transaction(None) as tx:
        await tx.execute(text("ALTER TABLE notification_lanes DROP CONSTRAINT broken"))

    await look_through(Announcer(database, now))

    assert (nothing, await announced(database)) == (0, 20)


async def test_a_lane_is_worked_by_one_at_a_time(database: Database) -> None:
    await a_destination(database)
    await happen(database, 5)
    await look_through(Announcer(database, now))

    async with database.transaction(None) as tx:
        (lane,) = await take_lanes(tx, [ChannelKind.WEBHOOK], limit=9, now=now())
    async with database.transaction(None) as tx:
        others = await take_lanes(tx, [ChannelKind.WEBHOOK], limit=9, now=now())
    async with database.transaction(None) as tx:
        assert await hold(tx, lane, now())
        await release(tx, lane, failures=0, again_at=now())
    async with database.transaction(None) as tx:
        again = await take_lanes(tx, [ChannelKind.WEBHOOK], limit=9, now=now())

    assert not others
    assert len(again) == 1


async def test_what_is_announced_while_a_lane_is_given_back_is_not_forgotten(
    database: Database,
) -> None:
    await a_destination(database)
    await happen(database, 1)
    await look_through(Announcer(database, now))
    async with database.transaction(None) as tx:
        (lane,) = await take_lanes(tx, [ChannelKind.WEBHOOK], limit=9, now=now())
        await tx.execute(update(notifications).values(state="delivered", ended_at=now()))
    await happen(database, 1)

    async def give_back() -> None:
        async with database.transaction(None) as tx:
            assert await hold(tx, lane, now())
            await release(tx, lane, failures=0, again_at=now())

    await asyncio.gather(give_back(), look_through(Announcer(database, now)))
    async with database.transaction(None) as tx:
        due = await take_lanes(tx, [ChannelKind.WEBHOOK], limit=9, now=now())

    assert len(due) == 1
