"""Destinations: who wants to know of what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.notification import State
from countersign_server.notifications.tables import (
    destinations,
    notification_lanes,
    notifications,
)
from countersign_server.notifications.topic import Level, Topic


async def add_destination(tx: AsyncConnection, destination: Destination) -> None:
    await tx.execute(insert(destinations).values(_row_of(destination)))


async def save_destination(tx: AsyncConnection, destination: Destination) -> None:
    """Store how a destination, whose row the transaction holds, stands now.

    One that goes on after a pause is tried at once.
    """
    await tx.execute(
        update(destinations).where(destinations.c.id == destination.id).values(_row_of(destination))
    )


async def destination_for_update(tx: AsyncConnection, destination_id: UUID) -> Destination | None:
    """Return one and hold its row until commit; None: there is none that it may see."""
    found = await tx.execute(
        select(destinations).where(destinations.c.id == destination_id).with_for_update()
    )
    row = found.one_or_none()
    return None if row is None else destination_of(row)


async def destinations_of(
    tx: AsyncConnection, owner_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Destination]]:
    """Return the destinations that have not ended, by owner."""
    found = await tx.execute(
        select(destinations).where(
            destinations.c.owner_id.in_(owner_ids), destinations.c.ended_at.is_(None)
        )
    )
    by_owner: dict[UUID, list[Destination]] = {}
    for row in found:
        by_owner.setdefault(row.owner_id, []).append(destination_of(row))
    return by_owner


async def channels_of(
    tx: AsyncConnection, destination_ids: Collection[UUID]
) -> Mapping[UUID, ChannelKind]:
    """Return the kind of each destination, also of those that ended."""
    found = await tx.execute(
        select(destinations.c.id, destinations.c.channel).where(
            destinations.c.id.in_(destination_ids)
        )
    )
    return {row.id: ChannelKind(row.channel) for row in found}


async def owners_with_destinations(tx: AsyncConnection) -> Sequence[UUID]:
    """Return who has a destination that has not ended."""
    found = await tx.scalars(
        select(destinations.c.owner_id).where(destinations.c.ended_at.is_(None)).distinct()
    )
    return found.all()


async def count_destinations(tx: AsyncConnection, channel: ChannelKind) -> int:
    """Return how many of a channel have not ended, of those that the transaction may see."""
    counted = await tx.execute(
        select(func.count())
        .select_from(destinations)
        .where(destinations.c.channel == channel, destinations.c.ended_at.is_(None))
    )
    return counted.scalar_one()


async def end_destination(tx: AsyncConnection, destination_id: UUID, now: datetime) -> None:
    """End a destination for good; what waits for it is given up."""
    await tx.execute(
        update(destinations).where(destinations.c.id == destination_id).values(ended_at=now)
    )
    await _hold_lanes(tx, destination_id)
    await tx.execute(
        update(notification_lanes)
        .where(notification_lanes.c.destination_id == destination_id)
        .values(due_at=None)
    )
    await tx.execute(
        update(notifications)
        .where(
            notifications.c.destination_id == destination_id,
            notifications.c.state == State.WAITING,
        )
        .values(state=State.DEAD, ended_at=now, failure="ENDED")
    )


async def pause_destination(tx: AsyncConnection, destination_id: UUID, reason: str) -> bool:
    """Stop deliveries to a destination; False: they were stopped before."""
    changed = await tx.execute(
        update(destinations)
        .where(destinations.c.id == destination_id, destinations.c.paused_reason == "")
        .values(paused_reason=reason)
    )
    return changed.rowcount == 1


async def hurry(tx: AsyncConnection, destination_id: UUID, now: datetime) -> None:
    """Let what waits for a destination be tried at once, whatever failed before."""
    await _hold_lanes(tx, destination_id)
    await tx.execute(
        update(notification_lanes)
        .where(
            notification_lanes.c.destination_id == destination_id,
            notification_lanes.c.due_at > now,
        )
        .values(due_at=now, failures=0)
    )


async def _hold_lanes(tx: AsyncConnection, destination_id: UUID) -> None:
    """Hold a destination's lanes until commit.

    Whoever writes takes the destination first, then its lanes in order, then what waits in them,
    so that no two ever wait for each other crosswise.
    """
    await tx.execute(
        select(notification_lanes.c.lane)
        .where(notification_lanes.c.destination_id == destination_id)
        .order_by(notification_lanes.c.lane)
        .with_for_update()
    )


def destination_of(row: Row[Any]) -> Destination:
    return Destination(
        id=row.id,
        owner_id=row.owner_id,
        channel=ChannelKind(row.channel),
        topics=frozenset(map(Topic, row.topics)),
        level_min=Level(row.level_min),
        created_at=row.created_at,
        account_id=row.account_id,
        producer_id=row.producer_id,
        paused_reason=row.paused_reason,
        muted_until=row.muted_until,
        ended_at=row.ended_at,
    )


def _row_of(destination: Destination) -> dict[str, Any]:
    return {**asdict(destination), "topics": sorted(destination.topics)}
