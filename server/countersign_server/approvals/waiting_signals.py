"""Signals that wait to be laid before their followers: taken by one process, marked when done."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, exists, select, text as sql, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.tables import approvals
from countersign_server.signals.tables import signals

_PASS_OVER = sql("""
WITH unfollowed AS (
    SELECT s.id FROM signals s
    WHERE s.state = 'accepted' AND s.expires_at > :now AND NOT EXISTS (
        SELECT FROM subscriptions f WHERE f.producer_id = s.producer_id AND f.cancelled_at IS NULL)
    ORDER BY s.id LIMIT :limit FOR UPDATE SKIP LOCKED
), passed AS (
    UPDATE signals s SET state = 'delivered' FROM unfollowed u WHERE s.id = u.id
    RETURNING s.id, s.owner_id
), logged AS (
    INSERT INTO audit_entries
        (event_time, kind, actor, owner_id, subject, signal_id, before_json, after_json)
    SELECT :now, 'signal.delivered', 'system:fan-out', owner_id, 'signal:' || id, id,
        '{"state":"accepted"}', '{"state":"delivered"}'
    FROM passed
)
SELECT count(*) FROM passed
""")


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


async def pass_over_unfollowed(tx: AsyncConnection, *, now: datetime, limit: int) -> int:
    """Mark the oldest waiting signals that nobody follows as delivered; return how many.

    One statement with their audit rows, however many: a strategy that is being tried out may signal
    a lot before anyone follows it.
    """
    passed = await tx.execute(_PASS_OVER, {"now": now, "limit": limit})
    return passed.scalar_one()


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
