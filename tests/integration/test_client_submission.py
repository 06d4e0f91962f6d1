"""A signal counts once, and its sender knows which: stored, refused, or in doubt."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from countersign_client import (
    Accepted,
    Client,
    Doubt,
    Exhausted,
    Forbidden,
    InDoubt,
    Invalid,
    Refused,
    Side,
    Signal,
    Signer,
    Unauthenticated,
    Unavailable,
    Unsupported,
    open_position,
)
from countersign_client.backoff import Backoff
from countersign_client.errors import Code
from countersign_client.wire.countersign import v1
from tests.fixtures.signal_server import Fault, Place, signal_server

SECRET = "csk_" + "A" * 43
QUICK = Backoff(first=timedelta(milliseconds=2), longest=timedelta(milliseconds=10))


class Clock:
    """Stands still, and jumps by `step` each time it is read."""

    def __init__(self, step: timedelta = timedelta(0)) -> None:
        self._now = datetime.now(UTC)
        self._step = step

    def __call__(self) -> datetime:
        self.forward(self._step)
        return self._now

    def forward(self, length: timedelta) -> None:
        self._now += length


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with signal_server() as running:
        yield running


def a_client(
    place: Place,
    *,
    token: str = "cst_good",  # noqa: S107  # the server's own
    clock: Clock | None = None,
) -> Client:
    now = clock or Clock()
    return Client(
        place.address,
        token=token,
        signer=Signer.from_secret("key_1", SECRET, now=now),
        timeout=timedelta(seconds=1),
        backoff=QUICK,
        now=now,
    )


def a_signal(external_id: str = "s-1", instrument: str = "EURUSD") -> Signal:
    return open_position(
        external_id,
        instrument,
        Side.BUY,
        price="1.0845",
        stop_loss="1.08",
        take_profit=None,
        version="1",
    )


async def test_a_signal_is_stored_and_named(place: Place) -> None:
    async with a_client(place) as client:
        accepted = await client.submit(a_signal())
    assert (accepted.signal_id, accepted.duplicate) == ("id-of-s-1", False)
    assert place.signals.tokens == ["Bearer access-1"]


@pytest.mark.parametrize(
    "fault", [Fault.CUT_BEFORE_STORING, Fault.CUT_AFTER_STORING, Fault.QUEUE_FULL]
)
async def test_a_send_without_an_answer_is_repeated_with_the_same_bytes(
    place: Place, fault: Fault
) -> None:
    place.signals.faults.extend([fault, fault])
    async with a_client(place) as client:
        accepted = await client.submit(a_signal())
    assert accepted.signal_id == "id-of-s-1"
    assert len({signed.SerializeToString() for signed in place.signals.arrived}) == 1
    assert len(place.signals.stored) == 1


async def test_a_server_that_stays_silent_is_asked_again_after_the_deadline(place: Place) -> None:
    place.signals.faults.append(Fault.SILENT_AFTER_STORING)
    async with a_client(place) as client:
        accepted = await client.submit(a_signal())
    assert accepted.duplicate


async def test_a_signal_unanswered_past_the_replay_window_is_in_doubt(place: Place) -> None:
    place.signals.faults.extend([Fault.CUT_AFTER_STORING] * 20)
    async with a_client(place, clock=Clock(timedelta(seconds=6))) as client:
        with pytest.raises(Doubt) as caught:
            await client.submit(a_signal())
    assert caught.value.reason == "REPLAY_WINDOW_OVER"
    assert len(place.signals.stored) == 1
    # 6 s for each look at the clock: signed at 6, looked at 12, 18, 24, 30; at 36 the 29 s are
    # over.
    assert 3 <= len(place.signals.arrived) <= 6


async def test_a_doubt_ends_by_looking_or_by_submitting_the_same_signal_again(place: Place) -> None:
    place.signals.faults.extend([Fault.CUT_AFTER_STORING] * 5)
    signal = a_signal()
    async with a_client(place, clock=Clock(timedelta(seconds=6))) as client:
        with pytest.raises(Doubt):
            await client.submit(signal)
    place.signals.faults.clear()
    async with a_client(place) as client:
        found = await client.find("s-1", since=datetime.now(UTC) - timedelta(minutes=1))
        again = await client.submit(signal)
    assert found is not None
    assert again.duplicate
    assert again.signal_id == found.signal_id
    first, last = place.signals.arrived[0], place.signals.arrived[-1]
    assert (first.nonce, first.payload) != (last.nonce, last.payload)
    assert first.payload == last.payload


async def test_too_old_after_an_unanswered_send_is_doubt_and_not_refusal(place: Place) -> None:
    place.signals.faults.extend([Fault.CUT_AFTER_STORING, Fault.TOO_OLD])
    async with a_client(place) as client:
        with pytest.raises(Doubt):
            await client.submit(a_signal())


async def test_too_old_on_the_first_send_is_a_refusal(place: Place) -> None:
    place.signals.faults.append(Fault.TOO_OLD)
    async with a_client(place) as client:
        with pytest.raises(Invalid) as caught:
            await client.submit(a_signal())
    assert caught.value.reason == "SIGNATURE_TOO_OLD"


async def test_a_queue_that_stays_full_is_no_doubt(place: Place) -> None:
    place.signals.faults.extend([Fault.QUEUE_FULL] * 20)
    async with a_client(place, clock=Clock(timedelta(seconds=6))) as client:
        with pytest.raises(Exhausted):
            await client.submit(a_signal())
    assert not place.signals.stored


async def test_a_server_that_nobody_reaches_is_no_doubt() -> None:
    async with signal_server() as gone:
        pass
    async with a_client(gone, token="", clock=Clock(timedelta(seconds=6))) as client:
        with pytest.raises(Unavailable) as caught:
            await client.submit(a_signal())
    assert caught.value.reason == "UNREACHABLE"


async def test_a_refusal_is_not_repeated(place: Place) -> None:
    place.signals.faults.extend([Fault.FORBIDDEN])
    async with a_client(place) as client:
        with pytest.raises(Forbidden):
            await client.submit(a_signal())
    assert len(place.signals.tokens) == 1


async def test_an_expired_access_token_is_exchanged_anew_without_the_caller_noticing(
    place: Place,
) -> None:
    place.signals.faults.append(Fault.TOKEN_EXPIRED)
    async with a_client(place) as client:
        await client.submit(a_signal())
    assert place.signals.tokens == ["Bearer access-1", "Bearer access-2"]


async def test_an_access_token_is_kept_and_renewed_before_it_ends(place: Place) -> None:
    clock = Clock()
    async with a_client(place, clock=clock) as client:
        await client.submit(a_signal("at the start"))
        clock.forward(timedelta(minutes=13, seconds=30))
        await client.submit(a_signal("before its last minute"))
        assert len(place.sessions.exchanged) == 1
        clock.forward(timedelta(minutes=1))
        await client.submit(a_signal("in its last minute"))
    assert len(place.sessions.exchanged) == 2


async def test_calls_that_start_together_share_one_exchange(place: Place) -> None:
    async with a_client(place) as client:
        await asyncio.gather(*(client.submit(a_signal(f"s-{n}")) for n in range(5)))
    assert place.sessions.exchanged == ["cst_good"]


async def test_an_exchange_without_an_answer_leaves_no_doubt_about_the_signal(place: Place) -> None:
    place.sessions.cuts = 1000
    async with a_client(place, clock=Clock(timedelta(seconds=6))) as client:
        with pytest.raises(Unavailable):
            await client.submit(a_signal())


async def test_a_wrong_token_is_said_to_be_wrong(place: Place) -> None:
    async with a_client(place, token="cst_wrong") as client:  # noqa: S106  # the wrong one
        with pytest.raises(Unauthenticated) as caught:
            await client.submit(a_signal())
    assert caught.value.reason == "CREDENTIALS_INVALID"


async def test_a_batch_says_of_each_signal_what_became_of_it(place: Place) -> None:
    place.signals.faults.extend([Fault.CUT_AFTER_STORING, Fault.SECOND_REFUSED_FOR_NOW])
    signals = [a_signal("a"), a_signal("b"), a_signal("c", "BADONE"), a_signal("d")]
    async with a_client(place) as client:
        outcomes = [outcome async for outcome in client.submit_many(signals)]
    assert [outcome.signal for outcome in outcomes] == signals
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, Refused, Accepted]
    assert {*place.signals.stored} == {"a", "b", "d"}


async def test_a_batch_that_is_never_answered_is_in_doubt_as_a_whole(place: Place) -> None:
    place.signals.faults.extend([Fault.CUT_AFTER_STORING] * 20)
    async with a_client(place, clock=Clock(timedelta(seconds=6))) as client:
        outcomes = [outcome async for outcome in client.submit_many([a_signal("a"), a_signal("b")])]
    assert [type(outcome) for outcome in outcomes] == [InDoubt, InDoubt]


async def test_more_than_a_thousand_signals_go_in_several_batches(place: Place) -> None:
    signals = [a_signal(f"s-{n}") for n in range(1_001)]
    async with a_client(place) as client:
        outcomes = [outcome async for outcome in client.submit_many(signals)]
    assert len(outcomes) == 1_001
    assert len(place.signals.tokens) == 2


async def test_a_list_goes_on_page_by_page(place: Place) -> None:
    async with a_client(place) as client:
        for n in range(5):
            await client.submit(a_signal(f"s-{n}"))
        listed = [stored.signal.external_id async for stored in client.list()]
    assert listed == ["s-4", "s-3", "s-2", "s-1", "s-0"]


async def test_an_error_carries_what_the_server_said(place: Place) -> None:
    place.signals.faults.append(Fault.FORBIDDEN)
    async with a_client(place) as client:
        with pytest.raises(Forbidden) as caught:
            await client.submit(a_signal())
    error = caught.value
    assert (error.code, error.reason, error.message) == (
        Code.PERMISSION_DENIED,
        "FORBIDDEN",
        "only a producer may",
    )


async def test_what_the_server_does_not_do_is_said_to_be_unsupported(place: Place) -> None:
    async with a_client(place) as client:
        with pytest.raises(Unsupported) as caught:
            await client.signals.redeliver_signal(v1.RedeliverSignalRequest(signal_id="x"))
    assert caught.value.code is Code.UNIMPLEMENTED
