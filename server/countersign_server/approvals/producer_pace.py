"""Which signals come faster than their producer's owner lets the engine open."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import producers
from countersign_server.identifiers import uuid7
from countersign_server.signals.tables import signals

_MINUTE = timedelta(minutes=1)
_OPENING = ("open", "place")


async def too_fast(tx: AsyncConnection, claimed: Sequence[Row[Any]]) -> Collection[UUID]:
    """Return which of the signals are one too many within the minute before them.

    Every signal counts that was accepted, whoever followed: the answer is the same whenever, and
    however often, it is asked.
    """
    opening = {row.id: row.received_at for row in claimed if row.action in _OPENING}
    if not opening:
        return ()
    earlier = signals.alias("earlier")
    first = uuid7(min(opening.values()) - 2 * _MINUTE, bytes)
    count = (
        select(func.count())
        .select_from(earlier)
        .where(
            earlier.c.owner_id == signals.c.owner_id,
            # Ids sort by time, and an index has them.
            earlier.c.id > first,
            earlier.c.id < signals.c.id,
            earlier.c.producer_id == signals.c.producer_id,
            earlier.c.action.in_(_OPENING),
            earlier.c.received_at > signals.c.received_at - _MINUTE,
        )
        .scalar_subquery()
    )
    found = await tx.scalars(
        select(signals.c.id)
        .join(producers, producers.c.id == signals.c.producer_id)
        .where(signals.c.id.in_(list(opening)), count >= producers.c.max_openings_per_minute)
    )
    return frozenset(found)
