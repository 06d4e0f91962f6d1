"""Handing signals in through the real door, onto a real database."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from countersign.v1 import accounts_pb2, identity_pb2, signals_pb2, signals_pb2_grpc
from countersign_server.app import serving
from countersign_server.audit.tables import audit_entries
from countersign_server.database.engine import Database
from countersign_server.settings import Settings
from countersign_server.signals.tables import signals
from tests.fixtures.lock_waits import until_someone_waits
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Producer, World, a_signal, world

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


@pytest.fixture
async def producer(it: World) -> Producer:
    return await it.a_producer(await it.an_owner())


async def submit(it: World, producer: Producer, signed: signals_pb2.SignedSignal) -> Any:
    return await it.signals.SubmitSignal(
        signals_pb2.SubmitSignalRequest(signal=signed), metadata=producer.metadata
    )


async def submit_many(
    it: World, producer: Producer, request: signals_pb2.SubmitSignalsRequest
) -> Any:
    return await it.signals.SubmitSignals(request, metadata=producer.metadata)


async def stored_count(it: World) -> int:
    async with it.database.transaction(None) as tx:
        return await tx.scalar(select(func.count()).select_from(signals)) or 0


async def audit_count(it: World, kind: str) -> int:
    async with it.database.transaction(None) as tx:
        counted = select(func.count()).where(audit_entries.c.kind == kind)
        return await tx.scalar(counted) or 0


async def test_the_same_bytes_answer_the_same_and_count_once(it: World, producer: Producer) -> None:
    signed = producer.sign(a_signal())

    first = await submit(it, producer, signed)
    again = await submit(it, producer, signed)

    assert (again.signal_id, again.receive_time) == (first.signal_id, first.receive_time)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert await stored_count(it) == 1
    assert await audit_count(it, "signal.accepted") == 1


async def test_the_same_payload_signed_anew_answers_the_same(it: World, producer: Producer) -> None:
    signal = a_signal()
    first = await submit(it, producer, producer.sign(signal))
    again = await submit(it, producer, producer.sign(signal))
    assert again.signal_id == first.signal_id


async def test_a_hundred_at_once_with_the_same_bytes_store_one(
    it: World, producer: Producer
) -> None:
    signed = producer.sign(a_signal())
    answers = await asyncio.gather(*(submit(it, producer, signed) for _ in range(100)))
    assert len({answer.signal_id for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1
    assert await stored_count(it) == 1


async def test_the_same_id_with_other_content_is_refused(it: World, producer: Producer) -> None:
    await submit(it, producer, producer.sign(a_signal("one")))
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "SIGNAL_ID_REUSED"):
        await submit(it, producer, producer.sign(a_signal("one")))
    assert await stored_count(it) == 1


async def test_a_nonce_works_once(it: World, producer: Producer) -> None:
    await submit(it, producer, producer.sign(a_signal(), nonce=b"n" * 16))
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "NONCE_REUSED"):
        await submit(it, producer, producer.sign(a_signal(), nonce=b"n" * 16))


async def test_the_same_idea_under_another_id_is_a_duplicate_within_the_window(
    it: World, producer: Producer
) -> None:
    await submit(it, producer, producer.sign(a_signal(version="7")))
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "SIGNAL_DUPLICATED"):
        await submit(it, producer, producer.sign(a_signal(version="7")))


async def test_the_same_idea_is_a_new_one_after_the_window(
    database_url: str, tmp_path: Path
) -> None:
    short = timedelta(milliseconds=1)
    async with world(database_url, tmp_path, duplicate_window=short) as it:
        producer = await it.a_producer(await it.an_owner())
        first = await submit(it, producer, producer.sign(a_signal(version="7")))
        second = await submit(it, producer, producer.sign(a_signal(version="7")))
    assert first.signal_id != second.signal_id


async def test_each_signal_of_a_batch_stands_for_itself(it: World, producer: Producer) -> None:
    good, other = a_signal("good"), a_signal("good")
    tampered = producer.sign(a_signal())
    tampered.payload += b"\0"
    request = signals_pb2.SubmitSignalsRequest(
        signals=[
            producer.sign(good),
            tampered,
            producer.sign(other),
            producer.sign(good),
            producer.sign(a_signal()),
        ]
    )

    answer = await it.signals.SubmitSignals(request, metadata=producer.metadata)

    results = [
        result.refused.reason or ("again" if result.accepted.duplicate else "stored")
        for result in answer.results
    ]
    assert results == ["stored", "SIGNATURE_INVALID", "SIGNAL_ID_REUSED", "again", "stored"]
    assert await stored_count(it) == 2


async def test_what_is_new_is_stored_beside_what_repeats_or_collides(
    it: World, producer: Producer
) -> None:
    before = [producer.sign(a_signal(), nonce=b"n" * 16), producer.sign(a_signal(version="7"))]
    stored = await it.signals.SubmitSignals(
        signals_pb2.SubmitSignalsRequest(signals=before), metadata=producer.metadata
    )
    request = signals_pb2.SubmitSignalsRequest(
        signals=[
            before[0],
            producer.sign(a_signal("first")),
            producer.sign(a_signal(), nonce=b"n" * 16),
            producer.sign(a_signal(version="7")),
            producer.sign(a_signal("last")),
        ]
    )

    answer = await it.signals.SubmitSignals(request, metadata=producer.metadata)

    repeat, first, *others = answer.results
    assert (repeat.accepted.duplicate, first.accepted.duplicate) == (True, False)
    assert repeat.accepted.signal_id == stored.results[0].accepted.signal_id
    assert [one.refused.reason for one in others] == ["NONCE_REUSED", "SIGNAL_DUPLICATED", ""]
    assert await stored_count(it) == await audit_count(it, "signal.accepted") == 4


async def test_two_servers_store_once_what_both_are_sent(
    it: World, producer: Producer, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        listen="127.0.0.1:0",
        listen_internal="",
        metrics_listen="",
        drain_wait=timedelta(0),
    )
    signed = [producer.sign(a_signal()) for _ in range(60)]
    groups = [signed[start : start + 20] for start in (0, 20, 40)]

    async def send(signals_of: Any, group: list[signals_pb2.SignedSignal]) -> Any:
        request = signals_pb2.SubmitSignalsRequest(signals=group)
        return await signals_of.SubmitSignals(request, metadata=producer.metadata)

    async with (
        serving(settings, database_url) as other,
        grpc.aio.insecure_channel(other.public) as channel,
    ):
        others: Any = signals_pb2_grpc.SignalServiceStub(channel)
        answers = await asyncio.gather(
            *(send(it.signals, group) for group in groups),
            *(send(others, group[::-1]) for group in groups),
        )

    results = [result.accepted for answer in answers for result in answer.results]
    assert len({result.signal_id for result in results}) == 60
    assert sum(not result.duplicate for result in results) == 60
    assert await stored_count(it) == await audit_count(it, "signal.accepted") == 60


async def test_a_stream_answers_each_signal_in_order_under_its_sequence(
    it: World, producer: Producer
) -> None:
    async def requests() -> AsyncIterator[signals_pb2.StreamSignalsRequest]:
        for sequence in range(1, 301):
            yield signals_pb2.StreamSignalsRequest(
                sequence=sequence, signal=producer.sign(a_signal())
            )

    stream = it.signals.StreamSignals(requests(), metadata=producer.metadata)
    answers = [answer async for answer in stream]

    assert [answer.sequence for answer in answers] == list(range(1, 301))
    assert all(answer.result.HasField("accepted") for answer in answers)
    assert await stored_count(it) == 300


async def test_a_producer_has_only_so_many_streams(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path, streams_per_producer=1) as it:
        producer = await it.a_producer(await it.an_owner())
        first = it.signals.StreamSignals(metadata=producer.metadata)
        await first.write(
            signals_pb2.StreamSignalsRequest(sequence=1, signal=producer.sign(a_signal()))
        )
        await first.read()
        second = it.signals.StreamSignals(metadata=producer.metadata)
        with refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"):
            await second.read()
            await second
        await first.done_writing()


async def test_a_refused_signal_is_in_the_audit_with_its_reason(
    it: World, producer: Producer
) -> None:
    late = producer.sign(a_signal(), sent_at=datetime.now(UTC) - timedelta(minutes=1))
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "SIGNATURE_TOO_OLD"):
        await submit(it, producer, late)
    async with it.database.transaction(None) as tx:
        told = await tx.scalar(
            select(audit_entries.c.after_json).where(audit_entries.c.kind == "signal.refused")
        )
    assert '"reason":"SIGNATURE_TOO_OLD"' in (told or "")


async def test_a_nonce_counts_once_also_within_one_batch(it: World, producer: Producer) -> None:
    nonce = bytes(range(16))
    request = signals_pb2.SubmitSignalsRequest(
        signals=[producer.sign(a_signal(), nonce=nonce) for _ in range(2)]
    )

    answer = await it.signals.SubmitSignals(request, metadata=producer.metadata)

    assert [result.refused.reason for result in answer.results] == ["", "NONCE_REUSED"]
    assert await stored_count(it) == 1


async def test_a_flood_of_refusals_is_kept_as_a_count(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path, refusals_kept_per_minute=2) as it:
        producer = await it.a_producer(await it.an_owner())
        late = datetime.now(UTC) - timedelta(minutes=1)
        signals = [producer.sign(a_signal(), sent_at=late) for _ in range(7)]
        await it.signals.SubmitSignals(
            signals_pb2.SubmitSignalsRequest(signals=signals), metadata=producer.metadata
        )
    # The count is kept when the server stops, at the latest.
    database = Database(database_url, connections=2)
    async with database.transaction(None) as tx:
        kinds = audit_entries.c.kind, audit_entries.c.after_json
        kept = (await tx.execute(select(*kinds).where(kinds[0].like("signal.refus%")))).all()
    await database.close()
    single = [row for row in kept if row.kind == "signal.refused"]
    counted = sum(
        json.loads(row.after_json)["counts"]["SIGNATURE_TOO_OLD"]
        for row in kept
        if row.kind == "signal.refusals_counted"
    )
    # Twice as many are kept singly if the minute ended in between.
    assert len(single) in (2, 4)
    assert len(single) + counted == len(signals)


async def test_a_full_queue_refuses_and_stores_nothing(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path, ingest_queue=2) as it:
        producer = await it.a_producer(await it.an_owner())
        request = signals_pb2.SubmitSignalsRequest(
            signals=[producer.sign(a_signal()) for _ in range(3)]
        )
        with refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "INGEST_QUEUE_FULL"):
            await it.signals.SubmitSignals(request, metadata=producer.metadata)
        assert await stored_count(it) == 0


async def test_a_full_group_is_stored_beside_a_commit_under_way_and_a_few_wait_for_its_end(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path, ingest_group=4) as it:
        producer = await it.a_producer(await it.an_owner())
        three = signals_pb2.SubmitSignalsRequest(
            signals=[producer.sign(a_signal()) for _ in range(3)]
        )
        async with asyncio.TaskGroup() as callers, it.database.transaction(None) as tx:
            await tx.execute(text("LOCK TABLE signal_windows IN SHARE MODE"))
            callers.create_task(submit(it, producer, producer.sign(a_signal())))
            await until_someone_waits(it.database)
            callers.create_task(submit(it, producer, producer.sign(a_signal())))
            await until(_one_waits_here, "the second waits for the end of the first's commit")
            callers.create_task(submit_many(it, producer, three))
            await until_someone_waits(it.database, many=2)
        async with it.database.transaction(None) as tx:
            commits = text("SELECT count(*) FROM signals GROUP BY xmin::text ORDER BY 1")
            assert list(await tx.scalars(commits)) == [1, 4]


async def _one_waits_here() -> bool:
    return REGISTRY.get_sample_value("signals_ingest_waiting") == 1


async def test_only_a_producer_may_submit_and_only_with_its_own_key(
    it: World, producer: Producer
) -> None:
    stranger_owner = await it.an_owner("bob", login=1000002)
    stranger = await it.a_producer(stranger_owner)
    with refusal(grpc.StatusCode.UNAUTHENTICATED, "SIGNATURE_INVALID"):
        await submit(it, stranger, producer.sign(a_signal()))
    request = signals_pb2.SubmitSignalRequest(signal=producer.sign(a_signal()))
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"):
        await it.signals.SubmitSignal(request, metadata=stranger_owner.metadata)
    with refusal(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"):
        await it.signals.SubmitSignal(request)


async def test_signals_are_listed_newest_first_in_pages_and_read_from_the_signed_bytes(
    it: World, producer: Producer
) -> None:
    ids = [await it.submit(producer, a_signal(f"id-{n}")) for n in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        page = await it.signals.ListSignals(
            signals_pb2.ListSignalsRequest(page_size=2, page_token=token),
            metadata=producer.metadata,
        )
        seen += [one.signal_id for one in page.signals]
        token = page.next_page_token
        if not token:
            break
    assert seen == ids[::-1]
    one = await it.signals.GetSignal(
        signals_pb2.GetSignalRequest(signal_id=ids[0]), metadata=producer.metadata
    )
    assert one.signal.signal.external_id == "id-0"
    assert one.signal.signal.open.stop.stop_loss == "1.0801"


async def test_a_page_token_of_another_question_is_refused(it: World, producer: Producer) -> None:
    for _ in range(2):
        await it.submit(producer, a_signal())
    page = await it.signals.ListSignals(
        signals_pb2.ListSignalsRequest(page_size=1), metadata=producer.metadata
    )
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"):
        await it.signals.ListSignals(
            signals_pb2.ListSignalsRequest(
                page_size=1, page_token=page.next_page_token, instrument="GBPUSD"
            ),
            metadata=producer.metadata,
        )


async def test_nobody_sees_the_signals_of_others(it: World, producer: Producer) -> None:
    signal_id = await it.submit(producer, a_signal())
    bob = await it.an_owner("bob", login=1000002)
    stranger = await it.a_producer(bob)
    request = signals_pb2.GetSignalRequest(signal_id=signal_id)
    for metadata in (bob.metadata, stranger.metadata):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await it.signals.GetSignal(request, metadata=metadata)
        listed = await it.signals.ListSignals(signals_pb2.ListSignalsRequest(), metadata=metadata)
        assert not listed.signals


async def test_a_watcher_sees_what_becomes_of_its_signals_and_resumes(
    it: World, producer: Producer
) -> None:
    first = await it.submit(producer, a_signal())

    async def first_event(after: int, signal_id: str) -> signals_pb2.WatchSignalsResponse:
        watching = it.signals.WatchSignals(
            signals_pb2.WatchSignalsRequest(after_sequence=after), metadata=producer.metadata
        )
        try:
            async for event in watching:
                if event.signal_id == signal_id:
                    return event
        finally:
            watching.cancel()
        raise AssertionError("the stream has ended")

    seen = await asyncio.wait_for(first_event(1, first), 15)
    assert seen.kind == "signal.accepted"
    second = await it.submit(producer, a_signal())
    later = await asyncio.wait_for(first_event(seen.sequence, second), 15)
    assert later.kind == "signal.accepted"


async def test_a_signal_without_followers_is_delivered_to_nobody_when_it_is_stored(
    it: World, producer: Producer
) -> None:
    signal_id = await it.submit(producer, a_signal())

    one = await it.signals.GetSignal(
        signals_pb2.GetSignalRequest(signal_id=signal_id), metadata=producer.metadata
    )

    assert one.signal.state == signals_pb2.SIGNAL_STATE_DELIVERED
    async with it.database.transaction(None) as tx:
        told = await tx.scalar(
            select(audit_entries.c.after_json).where(audit_entries.c.signal_id == UUID(signal_id))
        )
    assert json.loads(told or "{}")["state"] == "delivered"


async def test_a_signal_that_somebody_follows_waits_until_it_is_laid_before_them(
    it: World,
) -> None:
    owner = await it.an_owner()
    producer = await it.a_producer(owner)
    subscription_id = await it.follow(owner, producer)

    assert (await it.entry(owner, await it.submit(producer, a_signal()))).signal_id

    await it.accounts.CancelSubscription(
        accounts_pb2.CancelSubscriptionRequest(subscription_id=subscription_id),
        metadata=owner.metadata,
    )
    await it.submit(producer, a_signal())
    async with it.database.transaction(None) as tx:
        told = await tx.scalars(
            select(audit_entries.c.after_json)
            .where(audit_entries.c.kind == "signal.accepted")
            .order_by(audit_entries.c.id)
        )
        assert [json.loads(after)["state"] for after in told] == ["accepted", "delivered"]


async def test_a_repeat_answers_the_same_whatever_has_changed_since(
    it: World, producer: Producer
) -> None:
    short_lived = a_signal()
    short_lived.expire_time.FromDatetime(datetime.now(UTC) + timedelta(milliseconds=300))
    first = await submit(it, producer, producer.sign(short_lived))

    async def expired() -> bool:
        return datetime.now(UTC) > first.expire_time.ToDatetime(tzinfo=UTC)

    await until(expired, "its time is over")
    again = await submit(it, producer, producer.sign(short_lived))
    assert (again.signal_id, again.duplicate) == (first.signal_id, True)
    late = a_signal()
    late.expire_time.CopyFrom(short_lived.expire_time)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "SIGNAL_EXPIRED"):
        await submit(it, producer, producer.sign(late))


async def test_a_signal_is_found_by_the_id_its_producer_gave_it(
    it: World, producer: Producer
) -> None:
    signal_id = await it.submit(producer, a_signal("mine"))
    await it.submit(producer, a_signal("other"))
    found = await it.signals.ListSignals(
        signals_pb2.ListSignalsRequest(external_id="mine"), metadata=producer.metadata
    )
    assert [one.signal_id for one in found.signals] == [signal_id]


async def test_a_watcher_learns_at_once_where_it_stands(it: World, producer: Producer) -> None:
    async def first() -> signals_pb2.WatchSignalsResponse:
        watching = it.signals.WatchSignals(
            signals_pb2.WatchSignalsRequest(), metadata=producer.metadata
        )
        told = await asyncio.wait_for(watching.read(), 15)
        watching.cancel()
        assert isinstance(told, signals_pb2.WatchSignalsResponse)
        return told

    async def after_something() -> signals_pb2.WatchSignalsResponse | None:
        told = await first()
        assert not told.kind
        return told if told.sequence else None

    await until(after_something, "the place of what was written is told")


async def test_a_nonce_that_was_used_before_bars_nobody_from_the_idea(
    it: World, producer: Producer
) -> None:
    await submit(it, producer, producer.sign(a_signal(), nonce=b"n" * 16))
    idea = a_signal()
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "NONCE_REUSED"):
        await submit(it, producer, producer.sign(idea, nonce=b"n" * 16))
    idea.external_id = "the-same-idea"

    answer = await submit(it, producer, producer.sign(idea))

    assert not answer.duplicate


async def test_the_streams_of_a_disabled_user_end_within_a_second(
    it: World,
) -> None:
    ann = await it.an_owner()
    producer = await it.a_producer(ann)
    stream = it.signals.StreamSignals(metadata=producer.metadata)
    await stream.write(
        signals_pb2.StreamSignalsRequest(sequence=1, signal=producer.sign(a_signal()))
    )
    await stream.read()
    watch = it.signals.WatchSignals(signals_pb2.WatchSignalsRequest(), metadata=ann.metadata)
    await watch.read()

    await it.identity.DisableUser(
        identity_pb2.DisableUserRequest(user_id=ann.id), metadata=it.operator
    )

    async with asyncio.timeout(1):
        for call in (stream, watch):
            with refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED"):
                while await call.read() is not grpc.aio.EOF:
                    pass
                await call


async def test_a_stream_ends_with_the_token_that_opened_it(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path, access_token_lifetime=timedelta(seconds=3)) as it:
        producer = await it.a_producer(await it.an_owner())
        watch = it.signals.WatchSignals(
            signals_pb2.WatchSignalsRequest(), metadata=producer.metadata
        )
        async with asyncio.timeout(5):
            with refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED"):
                while await watch.read() is not grpc.aio.EOF:
                    pass
                await watch


def a_token(shown: Any, position: list[Any]) -> str:
    """Return the page token of the same question with another position."""
    question, _ = json.loads(base64.urlsafe_b64decode(shown.next_page_token))
    return base64.urlsafe_b64encode(json.dumps([question, position]).encode()).decode()


@pytest.mark.parametrize("position", [[], [7], ["x"], ["x", "y"], [None], [{}]])
async def test_a_page_token_of_another_making_is_refused(
    it: World, producer: Producer, position: list[Any]
) -> None:
    for _ in range(2):
        await submit(it, producer, producer.sign(a_signal()))
    asked = signals_pb2.ListSignalsRequest(page_size=1)
    shown = await it.signals.ListSignals(asked, metadata=producer.metadata)
    asked.page_token = a_token(shown, position)

    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"):
        await it.signals.ListSignals(asked, metadata=producer.metadata)


async def test_text_with_the_character_nul_is_refused_with_its_field(it: World) -> None:
    ann = await it.an_owner()
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "RULES_BROKEN"):
        await it.accounts.CreateProducer(
            accounts_pb2.CreateProducerRequest(name="a\0b", listed=True), metadata=ann.metadata
        )
