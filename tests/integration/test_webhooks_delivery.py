"""What happens is posted to whoever subscribed: signed, in order, again until it is taken."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from countersign.v1 import notifications_pb2 as pb, webhooks_pb2 as wb
from tests.fixtures.lock_waits import until_someone_waits
from tests.fixtures.waiting import until
from tests.fixtures.webhook_receiver import Posted, Receiver, Reply, receiver
from tests.fixtures.world import Owner, Producer, World, a_signal, world

# Nothing of it happens here: such an endpoint gets only what is asked for by hand.
QUIET = [pb.EVENT_TOPIC_PAYOUT]


@dataclass(frozen=True, slots=True)
class Story:
    it: World
    owner: Owner
    producer: Producer
    inbox: Receiver

    async def endpoint(self, **changes: Any) -> wb.CreateWebhookEndpointResponse:
        request = wb.CreateWebhookEndpointRequest(
            request_id=str(uuid4()), url=self.inbox.url(), **changes
        )
        made = await self.it.webhooks.CreateWebhookEndpoint(request, metadata=self.owner.metadata)
        assert isinstance(made, wb.CreateWebhookEndpointResponse)
        return made

    async def test(self, endpoint: wb.WebhookEndpoint) -> None:
        await self.it.webhooks.TestWebhookEndpoint(
            wb.TestWebhookEndpointRequest(endpoint_id=endpoint.endpoint_id),
            metadata=self.owner.metadata,
        )

    async def delete(self, endpoint: wb.WebhookEndpoint) -> None:
        await self.it.webhooks.DeleteWebhookEndpoint(
            wb.DeleteWebhookEndpointRequest(endpoint_id=endpoint.endpoint_id),
            metadata=self.owner.metadata,
        )

    async def log(self, **asked: Any) -> list[pb.Notification]:
        answer = await self.it.notifications.ListNotifications(
            pb.ListNotificationsRequest(**asked), metadata=self.owner.metadata
        )
        return list(answer.notifications)

    async def arrived(self, count: int) -> list[Posted]:
        async def enough() -> bool:
            return len(self.inbox.posted) >= count

        await until(enough, f"{count} messages arrive")
        return self.inbox.posted

    async def settled(self, state: int, count: int = 1) -> list[pb.Notification]:
        async def found() -> list[pb.Notification]:
            listed = await self.log(states=[state])
            return listed if len(listed) >= count else []

        return await until(found, f"{count} in state {state}")

    async def attempted(self, notification_id: str, count: int) -> list[pb.DeliveryAttempt]:
        async def enough() -> list[pb.DeliveryAttempt]:
            answer = await self.it.notifications.GetNotification(
                pb.GetNotificationRequest(notification_id=notification_id),
                metadata=self.owner.metadata,
            )
            return list(answer.attempts) if len(answer.attempts) >= count else []

        return await until(enough, f"{count} attempts")

    async def hurry(self) -> None:
        """Let what failed be due now."""
        async with self.it.database.transaction(None) as tx:
            await tx.execute(
                text("UPDATE notification_lanes SET due_at = now() WHERE due_at IS NOT NULL")
            )


@pytest.fixture
async def story(database_url: str, tmp_path: Path) -> AsyncIterator[Story]:
    async with (
        receiver() as inbox,
        world(database_url, tmp_path, webhook_networks=frozenset({"127.0.0.1/32"})) as it,
    ):
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        yield Story(it, owner, producer, inbox)


def verified(posted: Posted, secret: str) -> Any:
    return Webhook(secret).verify(posted.body, dict(posted.headers))


async def test_an_approval_is_posted_to_its_owner_and_verifies_with_the_standard_library(
    story: Story,
) -> None:
    made = await story.endpoint(topics=[pb.EVENT_TOPIC_APPROVAL])
    await story.it.tell_prices(story.owner)
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.decide(story.owner, await story.it.entry(story.owner, signal_id))

    pending, approved = (verified(one, made.secret) for one in await story.arrived(2))

    assert (pending["type"], approved["type"]) == ("approval.pending", "approval.approved")
    assert approved["data"]["signal_id"] == signal_id
    assert approved["data"]["account_id"] == story.owner.account_id
    assert len(await story.settled(pb.NOTIFICATION_STATE_DELIVERED, 2)) == 2


async def test_a_message_keeps_its_id_until_it_is_taken_and_the_log_tells_each_attempt(
    story: Story,
) -> None:
    story.inbox.answer = lambda _: Reply(status=500, body=b"not now")
    made = await story.endpoint(topics=QUIET)
    await story.test(made.endpoint)
    (first,) = await story.arrived(1)
    story.inbox.answer = lambda _: Reply()
    (waiting,) = await story.settled(pb.NOTIFICATION_STATE_WAITING)
    await story.attempted(waiting.notification_id, 1)
    await story.hurry()

    _, second = await story.arrived(2)
    attempts = await story.attempted(waiting.notification_id, 2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"] == waiting.notification_id
    assert [(one.outcome, one.status, one.detail) for one in attempts] == [
        ("STATUS", 500, "not now"),
        ("DELIVERED", 200, "ok"),
    ]


async def test_what_comes_after_a_failure_waits_for_it_in_the_order_of_the_account(
    story: Story,
) -> None:
    story.inbox.answer = lambda _: Reply(status=503)
    await story.endpoint(topics=[pb.EVENT_TOPIC_APPROVAL])
    await story.it.tell_prices(story.owner)
    for _ in range(3):
        signal_id = await story.it.submit(story.producer, a_signal())
        await story.it.entry(story.owner, signal_id)
    waiting = await story.settled(pb.NOTIFICATION_STATE_WAITING, 3)
    first = min(waiting, key=lambda one: one.event_sequence)
    await story.attempted(first.notification_id, 1)
    tried = len(story.inbox.posted)
    story.inbox.answer = lambda _: Reply()
    await story.hurry()
    await story.settled(pb.NOTIFICATION_STATE_DELIVERED, 3)

    taken = [one.headers["webhook-id"] for one in story.inbox.posted]

    in_order = sorted(waiting, key=lambda one: one.event_sequence)
    assert set(taken[:tried]) == {first.notification_id}
    assert taken[tried:] == [one.notification_id for one in in_order]


async def test_a_rotated_secret_signs_beside_the_old_one(story: Story) -> None:
    made = await story.endpoint(topics=QUIET)
    rotated = await story.it.webhooks.RotateWebhookSecret(
        wb.RotateWebhookSecretRequest(
            request_id=str(uuid4()), endpoint_id=made.endpoint.endpoint_id
        ),
        metadata=story.owner.metadata,
    )
    await story.test(made.endpoint)
    (posted,) = await story.arrived(1)

    assert verified(posted, made.secret) == verified(posted, rotated.secret)
    assert rotated.endpoint.previous_secret_end_time.ToDatetime(UTC) > datetime.now(UTC)


async def test_an_old_secret_without_an_overlap_signs_no_more(story: Story) -> None:
    made = await story.endpoint(topics=QUIET)
    request = wb.RotateWebhookSecretRequest(
        request_id=str(uuid4()), endpoint_id=made.endpoint.endpoint_id
    )
    request.overlap.FromTimedelta(timedelta(0))
    await story.it.webhooks.RotateWebhookSecret(request, metadata=story.owner.metadata)
    await story.test(made.endpoint)
    (posted,) = await story.arrived(1)

    assert len(posted.headers["webhook-signature"].split()) == 1


async def test_a_receiver_that_is_gone_is_left_alone_until_its_owner_lets_it_go_on(
    story: Story,
) -> None:
    story.inbox.answer = lambda _: Reply(status=410)
    made = await story.endpoint(topics=QUIET)
    await story.test(made.endpoint)
    await story.arrived(1)

    async def paused() -> bool:
        answer = await story.it.webhooks.GetWebhookEndpoint(
            wb.GetWebhookEndpointRequest(endpoint_id=made.endpoint.endpoint_id),
            metadata=story.owner.metadata,
        )
        return answer.endpoint.paused_reason == "GONE"

    await until(paused, "the endpoint is paused")
    story.inbox.answer = lambda _: Reply()
    await story.it.webhooks.UpdateWebhookEndpoint(
        wb.UpdateWebhookEndpointRequest(
            endpoint=wb.WebhookEndpoint(endpoint_id=made.endpoint.endpoint_id),
            clear_mask=FieldMask(paths=["paused"]),
        ),
        metadata=story.owner.metadata,
    )
    await story.settled(pb.NOTIFICATION_STATE_DELIVERED)

    assert len(story.inbox.posted) == 2


async def test_a_redirect_is_not_followed(story: Story) -> None:
    async with receiver() as elsewhere:
        story.inbox.answer = lambda _: Reply(status=302, headers={"location": elsewhere.url()})
        made = await story.endpoint(topics=QUIET)
        await story.test(made.endpoint)
        (waiting,) = await story.settled(pb.NOTIFICATION_STATE_WAITING)
        attempts = await story.attempted(waiting.notification_id, 1)

        assert attempts[0].outcome == "REDIRECT"
        assert not elsewhere.posted


async def test_what_was_given_up_is_a_dead_letter_and_a_replay_delivers_it_under_its_id(
    story: Story,
) -> None:
    story.inbox.answer = lambda _: Reply(status=500)
    made = await story.endpoint(topics=QUIET)
    began = Timestamp()
    began.FromDatetime(datetime.now(UTC) - timedelta(minutes=1))
    await story.test(made.endpoint)
    (waiting,) = await story.settled(pb.NOTIFICATION_STATE_WAITING)
    await story.attempted(waiting.notification_id, 1)
    async with story.it.database.transaction(None) as tx:
        await tx.execute(text("UPDATE notifications SET give_up_at = now()"))
    await story.hurry()
    (dead,) = await story.settled(pb.NOTIFICATION_STATE_DEAD)
    story.inbox.answer = lambda _: Reply()

    replayed = await story.it.notifications.ReplayNotifications(
        pb.ReplayNotificationsRequest(
            destination_id=made.endpoint.endpoint_id, start_time=began, dead_only=True
        ),
        metadata=story.owner.metadata,
    )
    (delivered,) = await story.settled(pb.NOTIFICATION_STATE_DELIVERED)

    assert replayed.count == 1
    assert delivered.notification_id == dead.notification_id
    assert {one.headers["webhook-id"] for one in story.inbox.posted} == {dead.notification_id}


async def test_nothing_is_posted_to_an_address_that_is_not_public(
    database_url: str, tmp_path: Path
) -> None:
    async with receiver() as inbox, world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        made = await it.webhooks.CreateWebhookEndpoint(
            wb.CreateWebhookEndpointRequest(
                request_id=str(uuid4()), url=f"https://localhost:{inbox.port}/", topics=QUIET
            ),
            metadata=owner.metadata,
        )
        story = Story(it, owner, Producer("", "", b"", ()), inbox)
        await story.test(made.endpoint)
        (waiting,) = await story.settled(pb.NOTIFICATION_STATE_WAITING)
        attempts = await story.attempted(waiting.notification_id, 1)

        assert attempts[0].outcome == "ADDRESS_REFUSED"
        assert not inbox.posted


async def test_a_producer_is_told_of_its_own_signals_and_of_nothing_else(story: Story) -> None:
    other = await story.it.a_producer(story.owner, "other")
    request = wb.CreateWebhookEndpointRequest(request_id=str(uuid4()), url=story.inbox.url())
    made = await story.it.webhooks.CreateWebhookEndpoint(request, metadata=story.producer.metadata)
    await story.it.submit(other, a_signal())
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.entry(story.owner, signal_id)
    await story.test(made.endpoint)

    async def tested() -> bool:
        return any(b"tested" in one.body for one in story.inbox.posted)

    await until(tested, "the test event, which comes after, arrives")
    told = [verified(one, made.secret) for one in story.inbox.posted]

    assert made.endpoint.producer_id == story.producer.id
    assert {one["data"]["signal_id"] for one in told if one["type"].startswith("signal.")} == {
        signal_id
    }
    assert {one["type"].partition(".")[0] for one in told} == {"signal", "webhook_endpoint"}


async def test_what_is_not_subscribed_to_is_not_posted(story: Story) -> None:
    made = await story.endpoint(topics=[pb.EVENT_TOPIC_DEAL])
    signal_id = await story.it.submit(story.producer, a_signal())
    await story.it.entry(story.owner, signal_id)
    await story.test(made.endpoint)
    posted = await story.arrived(1)

    assert [verified(one, made.secret)["type"] for one in posted] == ["webhook_endpoint.tested"]


async def test_deleting_an_endpoint_waits_for_whoever_notes_a_delivery_and_neither_is_thrown_out(
    story: Story,
) -> None:
    story.inbox.answer = lambda _: Reply(status=500)
    endpoint = (await story.endpoint(topics=QUIET)).endpoint
    await story.test(endpoint)
    (waiting,) = await story.settled(pb.NOTIFICATION_STATE_WAITING)
    await story.attempted(waiting.notification_id, 1)

    # As the courier notes an attempt: the lane's row is held, then what waits in it is changed.
    async with story.it.database.transaction(None) as tx:
        await tx.execute(text("SELECT FROM notification_lanes FOR UPDATE"))
        deleting = asyncio.create_task(story.delete(endpoint))
        await until_someone_waits(story.it.database)
        await tx.execute(text("UPDATE notifications SET attempts = attempts"))
    await deleting

    (ended,) = await story.settled(pb.NOTIFICATION_STATE_DEAD)
    assert ended.failure == "ENDED"


async def test_a_delivery_that_fails_after_its_endpoint_was_deleted_does_not_wait_again(
    story: Story,
) -> None:
    endpoint = (await story.endpoint(topics=QUIET)).endpoint
    story.inbox.answer = lambda _: Reply(hangs=True)
    await story.test(endpoint)
    await story.arrived(1)
    await story.delete(endpoint)
    story.inbox.hang_up()

    (ended,) = await story.settled(pb.NOTIFICATION_STATE_DEAD)
    await story.attempted(ended.notification_id, 1)

    assert [one.state for one in await story.log()] == [pb.NOTIFICATION_STATE_DEAD]
