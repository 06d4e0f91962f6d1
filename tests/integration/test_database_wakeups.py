"""A ring reaches whoever waits, here and in other processes, also over lost connections."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg.rows import TupleRow
from sqlalchemy import make_url

from countersign_server.database.wakeups import CHANNEL, PENDING_TOPICS, Wakeups

Onlooker = psycopg.AsyncConnection[TupleRow]

SOON = timedelta(seconds=10)
AT_ONCE = timedelta(0)
# How long a ring that must not come is listened for.
A_WHILE = timedelta(milliseconds=300)


@asynccontextmanager
async def running(url: str, *, kept_here: Collection[str] = ()) -> AsyncGenerator[Wakeups]:
    wakeups = Wakeups(url, kept_here=kept_here)
    await wakeups.start()
    try:
        yield wakeups
    finally:
        await wakeups.stop()


@pytest.fixture
async def here(empty_database_url: str) -> AsyncIterator[Wakeups]:
    async with running(empty_database_url) as wakeups:
        yield wakeups


@pytest.fixture
async def elsewhere(empty_database_url: str) -> AsyncIterator[Wakeups]:
    async with running(empty_database_url) as wakeups:
        yield wakeups


@pytest.fixture
async def onlooker(empty_database_url: str) -> AsyncIterator[Onlooker]:
    """A plain connection that hears what is on the wire."""
    address = make_url(empty_database_url).set(drivername="postgresql")
    async with await psycopg.AsyncConnection.connect(
        address.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield connection


async def test_a_ring_wakes_who_waits_here_at_once(here: Wakeups) -> None:
    with here.subscribe("signals") as wakeup:
        await wakeup.wait(AT_ONCE)

        here.ring("signals")

        assert await wakeup.wait(AT_ONCE)


async def test_a_ring_wakes_who_waits_elsewhere(here: Wakeups, elsewhere: Wakeups) -> None:
    topic = f"account:{uuid4()}"
    with elsewhere.subscribe(topic) as wakeup:
        here.ring(topic)

        assert await wakeup.wait(SOON)


async def test_what_is_no_news_elsewhere_rings_only_here(
    empty_database_url: str, onlooker: Onlooker
) -> None:
    async with running(empty_database_url, kept_here={"audit"}) as here:
        with here.subscribe("audit") as wakeup:
            here.ring("audit")
            here.ring("audit", "signals")

            assert await wakeup.wait(AT_ONCE)
        assert await _heard(onlooker, SOON, enough=1) == ["signals"]


async def test_a_ring_wakes_nobody_who_waits_for_something_else(
    here: Wakeups, elsewhere: Wakeups
) -> None:
    with elsewhere.subscribe("audit") as other, elsewhere.subscribe("signals") as wakeup:
        here.ring("signals")

        assert await wakeup.wait(SOON)
        assert not await other.wait(AT_ONCE)


async def test_a_ring_before_the_wait_is_not_lost_and_counts_once(here: Wakeups) -> None:
    with here.subscribe("signals") as wakeup:
        here.ring("signals")
        here.ring("signals")

        assert await wakeup.wait(AT_ONCE)
        assert not await wakeup.wait(AT_ONCE)


async def test_our_own_ring_does_not_come_back_from_the_database(
    here: Wakeups, elsewhere: Wakeups
) -> None:
    with here.subscribe("signals") as wakeup, elsewhere.subscribe("signals") as far:
        here.ring("signals")
        assert await wakeup.wait(AT_ONCE)
        assert await far.wait(SOON)

        assert not await wakeup.wait(A_WHILE)


async def test_whoever_has_left_is_forgotten(here: Wakeups) -> None:
    with here.subscribe("signals") as gone:
        pass

    here.ring("signals")

    assert not await gone.wait(AT_ONCE)
    assert here._waiting == {}  # noqa: SLF001 - memory shows nowhere else  # pyright: ignore[reportPrivateUsage]


async def test_a_thousand_rings_go_out_as_few_notifications(
    here: Wakeups, onlooker: Onlooker
) -> None:
    for number in range(1000):
        here.ring("signals", f"account:{number % 50:036}")
    heard = await _heard(onlooker, timedelta(seconds=1))

    assert len(heard) == 1
    assert set(heard[0].split("\n")) == {"signals", *(f"account:{n:036}" for n in range(50))}


async def test_too_many_topics_to_remember_ring_everybody(
    here: Wakeups, elsewhere: Wakeups
) -> None:
    with elsewhere.subscribe("never rung by name") as wakeup:
        here.ring(*(f"account:{number}" for number in range(PENDING_TOPICS + 1)))

        assert await wakeup.wait(SOON)


async def test_a_lost_connection_is_made_again_and_rings_everybody(
    elsewhere: Wakeups, onlooker: Onlooker
) -> None:
    with elsewhere.subscribe("signals") as wakeup:
        failures = _failures("listen")

        assert await _cut_off_wakeups(onlooker) == 2

        assert await wakeup.wait(SOON)
        assert _failures("listen") == failures + 1


async def test_a_ring_after_a_lost_connection_is_heard_elsewhere(
    here: Wakeups, elsewhere: Wakeups, onlooker: Onlooker
) -> None:
    with elsewhere.subscribe("signals") as wakeup, elsewhere.subscribe("audit") as other:
        await _cut_off_wakeups(onlooker)
        here.ring("audit")
        # Both are rung by the reconnection of the listener ...
        assert await wakeup.wait(SOON)
        assert await other.wait(SOON)

        # ... and from then on by name, however long the sender takes to come back.
        here.ring("signals")
        assert await wakeup.wait(SOON)


async def test_what_could_not_be_sent_is_sent_once_there_is_a_connection_again(
    here: Wakeups, onlooker: Onlooker
) -> None:
    failures = _failures("send")
    await _cut_off_wakeups(onlooker)

    here.ring("signals")

    assert await _heard(onlooker, SOON, enough=1) == ["signals"]
    assert _failures("send") == failures + 1


async def test_whatever_goes_wrong_with_one_bell_the_others_go_on_being_rung_from_elsewhere(
    here: Wakeups, elsewhere: Wakeups, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_once() -> None:
        monkeypatch.undo()
        raise RuntimeError("a bug")

    failures = _failures("listen")
    with here.subscribe("broken") as bad, here.subscribe("good") as good:
        monkeypatch.setattr(bad, "ring", broken_once)
        elsewhere.ring("broken")
        # Rung as the listener comes back, for what it may have missed, and by name from then on.
        assert await good.wait(SOON)
        elsewhere.ring("good")
        assert await good.wait(SOON)

    assert _failures("listen") == failures + 1


@pytest.mark.parametrize("topic", ["", "two\nlines", "*", "x" * 201, "zero\0"])
async def test_what_is_not_a_topic_is_refused_to_who_waits_and_counted_for_who_rings(
    here: Wakeups, topic: str
) -> None:
    failures = _failures("ring")

    with pytest.raises(ValueError, match="topic must be one line"), here.subscribe(topic):
        pass
    here.ring(topic)

    assert _failures("ring") == failures + 1


async def test_without_a_database_it_still_rings_here(empty_database_url: str) -> None:
    nowhere = make_url(empty_database_url).set(database="no_such_database")
    wakeups = Wakeups(nowhere.render_as_string(hide_password=False))
    await wakeups.start(patience=A_WHILE)
    with wakeups.subscribe("signals") as wakeup:
        wakeups.ring("signals")

        assert await wakeup.wait(AT_ONCE)
    await wakeups.stop()


def _failures(part: str) -> float:
    return REGISTRY.get_sample_value("wakeup_failures_total", {"part": part}) or 0


async def _heard(
    onlooker: Onlooker, patience: timedelta, *, enough: int | None = None
) -> list[str]:
    notifications = onlooker.notifies(timeout=patience.total_seconds(), stop_after=enough)
    return [notification.payload async for notification in notifications]


async def _cut_off_wakeups(onlooker: Onlooker) -> int:
    """End the connections of every Wakeups to this database, and say how many they were."""
    ended = await onlooker.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'countersign wakeups'"
    )
    row = await ended.fetchone()
    assert row is not None
    return row[0]
