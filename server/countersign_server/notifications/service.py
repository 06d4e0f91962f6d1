"""Where people see what they were told, and have it told again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import notifications_pb2 as pb, notifications_pb2_grpc
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, NotFound
from countersign_server.notifications import log_store
from countersign_server.notifications.announcing import PATIENCE
from countersign_server.notifications.destination import SUBJECTS, ChannelKind, Destination
from countersign_server.notifications.destination_store import (
    channels_of,
    destination_for_update,
)
from countersign_server.notifications.loop import QUEUED
from countersign_server.notifications.notification import Notification, State
from countersign_server.notifications.wire import STATE_OF, attempt_message, notification_message
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import from_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

_REPLAYED_AT_ONCE = 10_000


class NotificationService(notifications_pb2_grpc.NotificationServiceServicer):
    """See notifications.proto for the contract."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def ListNotifications(
        self, request: pb.ListNotificationsRequest, context: Context
    ) -> pb.ListNotificationsResponse:
        caller, size = current_caller(), page_size(request.page_size)
        asked = log_store.Question(
            destination_id=uuid_or_none(request.destination_id),
            producer_id=only_producer(caller),
            states=[STATE_OF[state] for state in request.states],
            start_time=_moment(request, "start_time"),
            end_time=_moment(request, "end_time"),
            before=id_position(request),
            limit=size + 1,
        )
        async with self._database.transaction(caller.tenant) as tx:
            found = await log_store.list_notifications(tx, asked)
            channels = await _channels(tx, found)
        page = found[:size]
        return pb.ListNotificationsResponse(
            notifications=[notification_message(one, channels[one.destination_id]) for one in page],
            next_page_token=next_token(request, found, size, [page[-1].id] if page else []),
        )

    async def GetNotification(
        self, request: pb.GetNotificationRequest, context: Context
    ) -> pb.GetNotificationResponse:
        caller, wanted = current_caller(), UUID(request.notification_id)
        async with self._database.transaction(caller.tenant) as tx:
            found = await log_store.notification(tx, wanted, producer_id=only_producer(caller))
            if found is None:
                raise NotFound(f"no notification {wanted}", notification_id=str(wanted))
            attempts = await log_store.attempts_of(tx, wanted)
            channels = await _channels(tx, [found])
        return pb.GetNotificationResponse(
            notification=notification_message(found, channels[found.destination_id]),
            attempts=map(attempt_message, attempts),
        )

    async def ReplayNotifications(
        self, request: pb.ReplayNotificationsRequest, context: Context
    ) -> pb.ReplayNotificationsResponse:
        caller, now = current_caller(), self._now()
        asked = log_store.Replay(
            start_time=from_timestamp(request.start_time, field="start_time"),
            end_time=_moment(request, "end_time") or now,
            states=[State.DEAD] if request.dead_only else [State.DEAD, State.DELIVERED],
            limit=_REPLAYED_AT_ONCE,
        )
        if asked.end_time <= asked.start_time:
            raise Invalid("end_time must be after start_time", field="end_time")
        async with self._database.transaction(caller.tenant) as tx:
            destination = await own_destination(tx, caller, UUID(request.destination_id))
            count = await log_store.replay(
                tx, destination, asked, now=now, patience=PATIENCE[destination.channel]
            )
            if count:
                await record(tx, _replayed(destination, asked, count, now))
        self._wakeups.ring(QUEUED, "audit")
        return pb.ReplayNotificationsResponse(count=count, more=count == _REPLAYED_AT_ONCE)


def only_producer(caller: Caller) -> UUID | None:
    """Return the producer that the caller is, which meets only what is its own; None: a person."""
    return caller.id if caller.role is Role.PRODUCER else None


async def own_destination(tx: AsyncConnection, caller: Caller, destination_id: UUID) -> Destination:
    """Return a destination that the caller may change, held until commit. Raises NotFound."""
    found = await destination_for_update(tx, destination_id)
    producer_id = only_producer(caller)
    if (
        found is None
        or found.ended_at is not None
        or (producer_id is not None and found.producer_id != producer_id)
    ):
        raise NotFound(f"no destination {destination_id}", destination_id=str(destination_id))
    return found


async def _channels(
    tx: AsyncConnection, found: Sequence[Notification]
) -> Mapping[UUID, ChannelKind]:
    return await channels_of(tx, {one.destination_id for one in found})


def _moment(
    request: pb.ListNotificationsRequest | pb.ReplayNotificationsRequest, field: str
) -> datetime | None:
    if not request.HasField(field):  # pyright: ignore[reportArgumentType]  # both have it
        return None
    return from_timestamp(getattr(request, field), field=field)


def _replayed(
    destination: Destination, asked: log_store.Replay, count: int, now: datetime
) -> Entry:
    kind = SUBJECTS[destination.channel]
    return Entry(
        kind=f"{kind}.replayed",
        subject=f"{kind}:{destination.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=destination.owner_id,
        after={
            "start_time": asked.start_time,
            "end_time": asked.end_time,
            "states": ",".join(asked.states),
            "count": count,
        },
    )
