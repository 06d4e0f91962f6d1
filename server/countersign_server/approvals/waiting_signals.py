"""Signals that wait to be laid before their followers: taken by one process, marked when done."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.tables import approvals
from countersign_server.signals.tables import signals


async def claim_signals(
    tx: AsyncConnection, *, now: datetime, limit: int, except_for: Collection[UUID] = ()
) -> Sequence[Row[Any]]:
    """Return the oldest signals that wait, and hold them until commit.

    Those that others hold are left to them.
    """
    found = await tx.execute(
        select(signals)
        .where(
            signals.c.state == "accepted",
            signals.c.expires_at > now,
            signals.c.id.notin_(list(except_for)),
        )
        .order_by(signals.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def mark_delivered(tx: AsyncConnection, signal_ids: Collection[UUID]) -> None:
    """Mark signals, whose rows the transaction holds, as laid before all that follow."""
    if signal_ids:
        await tx.execute(
            update(signals).where(signals.c.id.in_(list(signal_ids))).values(state="delivered")
        )


async def expire_signals(
    tx: AsyncConnection, *, now: datetime, limit: int
) -> Sequence[Row[UUID, UUID, str]]:
    """Mark signals that waited until their time was over; return id, owner and new state of each.

    One that had reached some of its followers counts as delivered.
    """
    due = (
        select(signals.c.id)
        .where(signals.c.state == "accepted", signals.c.expires_at <= now)
        .order_by(signals.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    reached = exists().where(approvals.c.signal_id == signals.c.id)
    changed = await tx.execute(
        update(signals)
        .where(signals.c.id.in_(due.scalar_subquery()))
        .values(state=case((reached, "delivered"), else_="expired"))
        .returning(signals.c.id, signals.c.owner_id, signals.c.state)
    )
    return changed.all()
