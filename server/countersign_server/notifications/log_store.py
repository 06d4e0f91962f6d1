"""The log of what was told: by question, one with its attempts, and once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.notifications.destination import Destination
from countersign_server.notifications.notification import Notification, State
from countersign_server.notifications.queue_store import Attempt, notification_of
from countersign_server.notifications.tables import (
    destinations,
    notification_attempts as attempts,
    notification_lanes as lanes,
    notifications,
)

_OVER = (State.DELIVERED, State.DEAD)
# Until then whoever delivers gives up himself what is late.
_LEFT_TO_OTHERS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which notifications are asked for. None and empty: all."""

    destination_id: UUID | None
    producer_id: UUID | None  # those to its own destinations
    states: Sequence[State]
    start_time: datetime | None
    end_time: datetime | None
    before: UUID | None  # ids sort by time
    limit: int


async def list_notifications(tx: AsyncConnection, asked: Question) -> Sequence[Notification]:
    """Return the newest first."""
    mine = notifications.c
    conditions: list[ColumnElement[bool] | None] = [
        mine.destination_id == asked.destination_id if asked.destination_id else None,
        _of_producer(asked.producer_id) if asked.producer_id else None,
        mine.state.in_(asked.states) if asked.states else None,
        mine.created_at >= asked.start_time if asked.start_time else None,
        mine.created_at < asked.end_time if asked.end_time else None,
        mine.id < asked.before if asked.before else None,
    ]
    found = await tx.execute(
        select(notifications)
        .where(*(one for one in conditions if one is not None))
        .order_by(mine.id.desc())
        .limit(asked.limit)
    )
    return [notification_of(row) for row in found]


async def notification(
    tx: AsyncConnection, notification_id: UUID, *, producer_id: UUID | None
) -> Notification | None:
    """Return one; None: there is none that the transaction, or the producer, may see."""
    asked = select(notifications).where(notifications.c.id == notification_id)
    if producer_id is not None:
        asked = asked.where(_of_producer(producer_id))
    row = (await tx.execute(asked)).one_or_none()
    return None if row is None else notification_of(row)


async def attempts_of(tx: AsyncConnection, notification_id: UUID) -> Sequence[Attempt]:
    """Return the attempts to deliver one, oldest first."""
    found = await tx.execute(
        select(attempts)
        .where(attempts.c.notification_id == notification_id)
        .order_by(attempts.c.number)
    )
    return [
        Attempt(
            number=row.number,
            attempted_at=row.attempted_at,
            duration_ms=row.duration_ms,
            outcome=row.outcome,
            status=row.status,
            detail=row.detail,
        )
        for row in found
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which of a destination's notifications are delivered again."""

    start_time: datetime
    end_time: datetime
    states: Sequence[State]
    limit: int


async def replay(
    tx: AsyncConnection,
    destination: Destination,
    asked: Replay,
    *,
    now: datetime,
    patience: timedelta,
) -> int:
    """Let what is over wait again, the oldest first, under its own id; return how many."""
    mine = notifications.c
    chosen = (
        select(mine.id)
        .where(
            mine.destination_id == destination.id,
            mine.created_at >= asked.start_time,
            mine.created_at < asked.end_time,
            mine.state.in_(asked.states),
        )
        .order_by(mine.sequence)
        .limit(asked.limit)
    )
    revived = await tx.execute(
        update(notifications)
        .where(mine.id.in_(chosen.scalar_subquery()))
        .values(state=State.WAITING, ended_at=None, give_up_at=now + patience)
        .returning(mine.lane)
    )
    found = revived.scalars().all()
    for lane in sorted(set(found)):
        fresh = insert(lanes).values(
            destination_id=destination.id,
            lane=lane,
            owner_id=destination.owner_id,
            channel=destination.channel,
            due_at=now,
        )
        # Asked for by a person: at once, whatever failed before.
        await tx.execute(
            fresh.on_conflict_do_update(
                index_elements=[lanes.c.destination_id, lanes.c.lane],
                set_={"due_at": now, "failures": 0},
            )
        )
    return len(found)


async def give_up_left(tx: AsyncConnection, now: datetime, limit: int) -> int:
    """Give up what waits too long for a destination that nothing is delivered to; return how many.

    It is paused, or no server has its channel any more.
    """
    late = (
        select(notifications.c.id)
        .join(destinations, destinations.c.id == notifications.c.destination_id)
        .where(
            notifications.c.state == State.WAITING,
            notifications.c.give_up_at <= now,
            or_(
                destinations.c.paused_reason != "",
                notifications.c.give_up_at <= now - _LEFT_TO_OTHERS,
            ),
        )
        .limit(limit)
        .with_for_update(of=notifications, skip_locked=True)
    )
    changed = await tx.execute(
        update(notifications)
        .where(notifications.c.id.in_(late.scalar_subquery()))
        .values(state=State.DEAD, ended_at=now, failure="TOO_LATE")
    )
    return changed.rowcount


async def forget(tx: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete what was over before a moment, with its attempts; return how many."""
    old = (
        select(notifications.c.id)
        .where(notifications.c.ended_at < before, notifications.c.state.in_(_OVER))
        .order_by(notifications.c.ended_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = await tx.execute(
        delete(notifications).where(notifications.c.id.in_(old.scalar_subquery()))
    )
    return gone.rowcount


async def oldest_waiting(tx: AsyncConnection) -> datetime | None:
    """Return since when the oldest waits; None: nothing waits."""
    return await tx.scalar(
        select(func.min(notifications.c.created_at)).where(notifications.c.state == State.WAITING)
    )


def _of_producer(producer_id: UUID) -> Any:  # noqa: ANN401  # a condition
    own = select(destinations.c.id).where(destinations.c.producer_id == producer_id)
    return notifications.c.destination_id.in_(own.scalar_subquery())
