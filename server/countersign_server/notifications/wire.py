"""Notifications as the contract shows them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from countersign.v1 import notifications_pb2 as pb
from countersign_server.notifications.destination import ChannelKind
from countersign_server.notifications.notification import Notification, State
from countersign_server.notifications.queue_store import Attempt
from countersign_server.notifications.topic import Level, Topic
from countersign_server.rpc.conversion import optional_id, to_duration, to_timestamp

TOPIC_OF: Mapping[int, Topic] = {
    pb.EventTopic.Value(f"EVENT_TOPIC_{topic.name}"): topic for topic in Topic
}
STATE_OF: Mapping[int, State] = {
    pb.NotificationState.Value(f"NOTIFICATION_STATE_{state.name}"): state for state in State
}


def topic_name(topic: Topic) -> str:
    return f"EVENT_TOPIC_{topic.name}"


def level_name(level: Level) -> str:
    return f"NOTIFICATION_LEVEL_{level.name}"


def level_from(number: int) -> Level:
    """Return the level that a request names; not given: all are wanted."""
    return Level(number or Level.INFO)


def topics_from(numbers: Iterable[int]) -> frozenset[Topic]:
    return frozenset(TOPIC_OF[number] for number in numbers)


def notification_message(one: Notification, channel: ChannelKind) -> pb.Notification:
    return pb.Notification(
        notification_id=str(one.id),
        destination_id=str(one.destination_id),
        channel=f"NOTIFICATION_CHANNEL_{channel.name}",
        event_sequence=one.sequence,
        event_kind=one.kind,
        topic=topic_name(one.topic),
        level=level_name(one.level),
        account_id=optional_id(one.account_id),
        signal_id=optional_id(one.signal_id),
        state=f"NOTIFICATION_STATE_{one.state.name}",
        create_time=to_timestamp(one.created_at),
        end_time=to_timestamp(one.ended_at),
        attempts=one.attempts,
        failure=one.failure,
        body_json=one.body,
    )


def attempt_message(one: Attempt) -> pb.DeliveryAttempt:
    return pb.DeliveryAttempt(
        number=one.number,
        attempt_time=to_timestamp(one.attempted_at),
        duration=to_duration(timedelta(milliseconds=one.duration_ms)),
        outcome=one.outcome,
        status=one.status,
        detail=one.detail,
    )
