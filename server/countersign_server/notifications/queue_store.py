"""What waits to be delivered: in lanes, each held by whoever works it.

A lane keeps the order of one account's events to one destination. `due_at` says when its first is
tried next; NULL: nothing waits.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.notifications.destination import ChannelKind
from countersign_server.notifications.notification import Notification, State
from countersign_server.notifications.tables import (
    destinations,
    notification_attempts,
    notification_lanes as lanes,
    notifications,
)
from countersign_server.notifications.topic import Level, Topic

# Whoever holds a lane and has not said anything by then has died; another takes it.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What is delivered in order, and the right to do so."""

    destination_id: UUID
    lane: UUID
    owner_id: UUID
    channel: ChannelKind
    lease_id: UUID
    failures: int  # in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver. `outcome` is "DELIVERED", or upper-case why not."""

    number: int
    attempted_at: datetime
    duration_ms: int
    outcome: str
    status: int
    detail: str


async def enqueue(
    tx: AsyncConnection, added: Sequence[Notification], channels: dict[UUID, ChannelKind]
) -> int:
    """Store notifications, and call whoever delivers; return how many were not stored before.

    `channels` are those of their destinations.
    """
    if not added:
        return 0
    # Rows beside the statement are sent in pieces: one statement takes 65,535 parameters at most.
    stored = await tx.execute(
        insert(notifications)
        .on_conflict_do_nothing(constraint="one_notification_per_event_and_destination")
        .returning(notifications.c.id),
        [asdict(one) for one in added],
    )
    wanted = {(one.destination_id, one.lane): one for one in added}
    # In one order, so that two who call the same lanes never wait for each other crosswise.
    for key in sorted(wanted):
        await _call(tx, wanted[key], channels[key[0]])
    return len(stored.all())


async def _call(tx: AsyncConnection, waiting: Notification, channel: ChannelKind) -> None:
    fresh = insert(lanes).values(
        destination_id=waiting.destination_id,
        lane=waiting.lane,
        owner_id=waiting.owner_id,
        channel=channel,
        due_at=waiting.created_at,
    )
    # One that is due later has failed: it keeps its pause.
    await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[lanes.c.destination_id, lanes.c.lane],
            set_={"due_at": func.coalesce(lanes.c.due_at, fresh.excluded.due_at)},
        )
    )


async def take_lanes(
    tx: AsyncConnection, channels: Collection[ChannelKind], *, limit: int, now: datetime
) -> Sequence[Lane]:
    """Take lanes that are due, the longest waiting first; nobody else gets them meanwhile.

    Not those of destinations that are paused.
    """
    goes_on = exists().where(
        destinations.c.id == lanes.c.destination_id, destinations.c.paused_reason == ""
    )
    due = (
        select(lanes.c.destination_id, lanes.c.lane)
        .where(
            lanes.c.channel.in_(channels),
            lanes.c.due_at <= now,
            or_(lanes.c.leased_until.is_(None), lanes.c.leased_until <= now),
            goes_on,
        )
        .order_by(lanes.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = await tx.execute(
        update(lanes)
        .where(lanes.c.destination_id == due.c.destination_id, lanes.c.lane == due.c.lane)
        .values(lease_id=func.gen_random_uuid(), leased_until=now + LEASE)
        .returning(lanes)
    )
    return [
        Lane(
            destination_id=row.destination_id,
            lane=row.lane,
            owner_id=row.owner_id,
            channel=ChannelKind(row.channel),
            lease_id=row.lease_id,
            failures=row.failures,
        )
        for row in taken
    ]


async def hold(tx: AsyncConnection, lane: Lane, now: datetime) -> bool:
    """Hold a lane's row until commit and its lease for longer; False: the lease was lost."""
    held = await tx.execute(
        update(lanes)
        .where(_is(lane), lanes.c.lease_id == lane.lease_id)
        .values(leased_until=now + LEASE)
        .returning(lanes.c.lane)
    )
    return held.one_or_none() is not None


async def next_waiting(tx: AsyncConnection, lane: Lane, limit: int) -> Sequence[Notification]:
    """Return what a lane delivers next, in order."""
    found = await tx.execute(
        select(notifications).where(_waits_in(lane)).order_by(notifications.c.sequence).limit(limit)
    )
    return [notification_of(row) for row in found]


async def save_attempt(tx: AsyncConnection, after: Notification, attempt: Attempt) -> None:
    """Store an attempt, and how its notification stands now.

    One that was given up meanwhile stays given up, unless it was delivered.
    """
    await tx.execute(
        insert(notification_attempts).values(
            notification_id=after.id, owner_id=after.owner_id, **asdict(attempt)
        )
    )
    still = notifications.c.id == after.id
    if after.state is not State.DELIVERED:
        still &= notifications.c.state == State.WAITING
    await tx.execute(
        update(notifications)
        .where(still)
        .values(
            state=after.state,
            attempts=after.attempts,
            ended_at=after.ended_at,
            failure=after.failure,
        )
    )


async def give_up_late(tx: AsyncConnection, lane: Lane, now: datetime) -> int:
    """Give up what waits in a lane and whose time is over; return how many."""
    given_up = await tx.execute(
        update(notifications)
        .where(_waits_in(lane), notifications.c.give_up_at <= now)
        .values(state=State.DEAD, ended_at=now, failure="TOO_LATE")
    )
    return given_up.rowcount


async def release(tx: AsyncConnection, lane: Lane, *, failures: int, again_at: datetime) -> None:
    """Give a lane back, whose row the transaction holds: due at `again_at` if something waits."""
    # A statement of its own after the row is held: what was queued meanwhile is seen.
    waits = await tx.scalar(select(exists().where(_waits_in(lane))))
    await tx.execute(
        update(lanes)
        .where(_is(lane))
        .values(
            lease_id=None,
            leased_until=None,
            failures=failures,
            due_at=again_at if waits else None,
        )
    )


def notification_of(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        owner_id=row.owner_id,
        destination_id=row.destination_id,
        lane=row.lane,
        sequence=row.sequence,
        kind=row.kind,
        topic=Topic(row.topic),
        level=Level(row.level),
        account_id=row.account_id,
        signal_id=row.signal_id,
        body=row.body,
        created_at=row.created_at,
        give_up_at=row.give_up_at,
        state=State(row.state),
        attempts=row.attempts,
        ended_at=row.ended_at,
        failure=row.failure,
    )


def _is(lane: Lane) -> Any:  # noqa: ANN401  # a condition
    return (lanes.c.destination_id == lane.destination_id) & (lanes.c.lane == lane.lane)


def _waits_in(lane: Lane) -> Any:  # noqa: ANN401  # a condition
    return (
        (notifications.c.destination_id == lane.destination_id)
        & (notifications.c.lane == lane.lane)
        & (notifications.c.state == State.WAITING)
    )
