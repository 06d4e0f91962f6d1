"""Streams go on where they broke: nothing is lost unnoticed, nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from countersign.v1 import signals_pb2
from countersign_client import (
    Accepted,
    Client,
    Forbidden,
    InDoubt,
    Outcome,
    Refused,
    Side,
    Signal,
    Signer,
    Unavailable,
    open_position,
)
from countersign_client.backoff import Backoff
from tests.fixtures.signal_server import Fault, Place, signal_server, until

SECRET = "csk_" + "A" * 43
QUICK = Backoff(first=timedelta(milliseconds=2), longest=timedelta(milliseconds=10))


class Clock:
    """The real time, and as much ahead as the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with signal_server() as running:
        yield running


def a_client(place: Place, clock: Clock | None = None) -> Client:
    now = clock or Clock()
    return Client(
        place.address,
        token="cst_good",  # noqa: S106  # the server's own
        signer=Signer.from_secret("key_1", SECRET, now=now),
        timeout=timedelta(seconds=1),
        backoff=QUICK,
        now=now,
    )


def a_signal(number: int, instrument: str = "EURUSD") -> Signal:
    return open_position(
        f"s-{number}",
        instrument,
        Side.BUY,
        price="1.0845",
        stop_loss=None,
        take_profit=None,
        version="1",
    )


async def some_signals(count: int) -> AsyncIterator[Signal]:
    for number in range(count):
        yield a_signal(number)


async def streamed(client: Client, source: AsyncIterator[Signal], **options: int) -> list[Outcome]:
    async with aclosing(client.stream(source, **options)) as outcomes:
        return [outcome async for outcome in outcomes]


def names(outcomes: list[Outcome]) -> list[str]:
    return [outcome.signal.external_id for outcome in outcomes]


async def test_every_signal_of_a_stream_is_answered_in_order(place: Place) -> None:
    async with a_client(place) as client:
        outcomes = await streamed(client, some_signals(300), in_flight=16)
    assert names(outcomes) == [f"s-{n}" for n in range(300)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT_BEFORE_STORING,
        Fault.CUT_AFTER_STORING,
        Fault.SILENT_AFTER_STORING,
        Fault.QUEUE_FULL,
    ],
)
async def test_a_broken_stream_is_opened_again_and_every_signal_counts_once(
    place: Place, fault: Fault
) -> None:
    async with a_client(place) as client:
        await client.submit(a_signal(999))
        place.signals.faults.extend([Fault.NONE, Fault.NONE, fault, fault])
        outcomes = await streamed(client, some_signals(20))
    assert names(outcomes) == [f"s-{n}" for n in range(20)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(place.signals.stored) == 21
    payloads = {(signed.payload, signed.nonce) for signed in place.signals.arrived}
    assert len(payloads) == 21, "a repeat carries the same bytes"


async def test_a_refused_signal_does_not_hold_up_the_others(place: Place) -> None:
    async def source() -> AsyncIterator[Signal]:
        yield a_signal(1)
        yield a_signal(2, "BADONE")
        yield a_signal(3)

    async with a_client(place) as client:
        outcomes = await streamed(client, source())
    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]


async def test_what_was_sent_and_never_answered_in_time_is_in_doubt(place: Place) -> None:
    clock = Clock()
    place.signals.faults.append(Fault.SILENT_AFTER_STORING)
    async with (
        a_client(place, clock) as client,
        aclosing(client.stream(some_signals(1))) as outcomes,
    ):
        outcome = asyncio.ensure_future(anext(outcomes))
        await until(lambda: bool(place.signals.arrived))
        clock.ahead = timedelta(seconds=40)
        assert isinstance(await outcome, InDoubt)


async def test_what_was_never_sent_in_time_is_refused_and_not_sent_late() -> None:
    async with signal_server() as gone:
        pass
    clock, taken = Clock(), asyncio.Event()

    async def source() -> AsyncIterator[Signal]:
        yield a_signal(1)
        taken.set()

    async with a_client(gone, clock) as client, aclosing(client.stream(source())) as outcomes:
        outcome = asyncio.ensure_future(anext(outcomes))
        await taken.wait()
        clock.ahead = timedelta(seconds=40)
        refused = await outcome
    assert isinstance(refused, Refused)
    assert refused.reason == "UNREACHABLE"


async def test_a_refused_stream_raises_after_saying_what_is_not_known(place: Place) -> None:
    place.signals.faults.append(Fault.FORBIDDEN)
    async with a_client(place) as client, aclosing(client.stream(some_signals(1))) as outcomes:
        assert not isinstance(await anext(outcomes), Accepted)
        with pytest.raises(Forbidden):
            await anext(outcomes)


async def test_the_source_is_not_read_further_than_agreed(place: Place) -> None:
    taken = 0

    async def source() -> AsyncIterator[Signal]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield a_signal(number)

    place.signals.faults.append(Fault.SILENT_AFTER_STORING)
    async with (
        a_client(place) as client,
        aclosing(client.stream(source(), in_flight=4)) as outcomes,
    ):
        first = asyncio.ensure_future(anext(outcomes))
        await until(lambda: bool(place.signals.arrived))
        assert taken <= 5
        assert isinstance(await first, Accepted)


async def test_an_error_of_the_source_reaches_the_caller_after_its_signals_are_answered(
    place: Place,
) -> None:
    async def source() -> AsyncIterator[Signal]:
        yield a_signal(1)
        raise LookupError("the feed is gone")

    async with a_client(place) as client, aclosing(client.stream(source())) as outcomes:
        assert isinstance(await anext(outcomes), Accepted)
        with pytest.raises(LookupError):
            await anext(outcomes)


def an_event(sequence: int, kind: str = "signal.accepted") -> signals_pb2.WatchSignalsResponse:
    return signals_pb2.WatchSignalsResponse(
        sequence=sequence, kind=kind, signal_id=f"id-{sequence}"
    )


async def test_a_watch_resumes_after_the_last_event_seen(place: Place) -> None:
    place.signals.events = [an_event(n) for n in range(1, 7)]
    place.signals.events_a_session = 2
    async with a_client(place) as client, aclosing(client.watch(after_sequence=1)) as events:
        seen = [(await anext(events)).sequence for _ in range(5)]
    assert seen == [2, 3, 4, 5, 6]
    assert place.signals.watched_from == [1, 3, 5]


async def test_a_heartbeat_moves_the_place_to_resume_from_and_is_not_an_event(place: Place) -> None:
    place.signals.events = [an_event(7, kind=""), an_event(9)]
    place.signals.events_a_session = 1
    async with a_client(place) as client, aclosing(client.watch()) as events:
        seen = await anext(events)
    assert seen.sequence == 9
    assert place.signals.watched_from == [0, 7]


async def test_a_watch_that_breaks_before_it_knows_its_place_says_so(place: Place) -> None:
    place.signals.faults.append(Fault.CUT_BEFORE_STORING)
    async with a_client(place) as client, aclosing(client.watch()) as events:
        with pytest.raises(Unavailable) as caught:
            await anext(events)
    assert caught.value.reason == "WATCH_INTERRUPTED"


async def test_a_watch_that_falls_silent_is_opened_again(place: Place) -> None:
    place.signals.events = [an_event(1)]
    async with a_client(place) as client:
        quick = client.watch(after_sequence=1, silence_limit=timedelta(milliseconds=50))
        async with aclosing(quick) as events:
            waiting = asyncio.ensure_future(anext(events))
            await until(lambda: len(place.signals.watched_from) >= 3)
            place.signals.events.append(an_event(2))
            assert (await waiting).sequence == 2


async def test_a_watch_goes_on_when_its_access_token_has_expired(place: Place) -> None:
    place.signals.faults.append(Fault.TOKEN_EXPIRED)
    place.signals.events = [an_event(2)]
    async with a_client(place) as client, aclosing(client.watch(after_sequence=1)) as events:
        assert (await anext(events)).sequence == 2
    assert place.signals.tokens == ["Bearer access-1", "Bearer access-2"]


async def test_a_server_that_comes_back_is_found_again() -> None:
    async with signal_server() as first:
        client = a_client(first)
        await client.__aenter__()
        await client.submit(a_signal(1))
    submitting = asyncio.ensure_future(client.submit(a_signal(2)))
    async with signal_server(first.address, known=first):
        assert (await submitting).signal_id == "id-of-s-2"
        await client.__aexit__(None, None, None)
