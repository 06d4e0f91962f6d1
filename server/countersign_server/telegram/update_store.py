"""Updates: each stored once, handled once, and then only remembered by what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.telegram.tables import telegram_intake, telegram_updates
from countersign_server.telegram.update import Place

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An update to be handled; `attempts` counts this one."""

    update_id: int
    body: str
    attempts: int


async def store_update(tx: AsyncConnection, update_id: int, body: str, now: datetime) -> bool:
    """Store an update; False: it was stored before."""
    added = await tx.execute(
        insert(telegram_updates)
        .values(update_id=update_id, body=body, received_at=now)
        .on_conflict_do_nothing()
        .returning(telegram_updates.c.update_id)
    )
    return added.one_or_none() is not None


async def take_updates(tx: AsyncConnection, limit: int, now: datetime) -> Sequence[StoredUpdate]:
    """Take the oldest that wait; nobody else gets them meanwhile."""
    waiting = (
        select(telegram_updates.c.update_id)
        .where(
            telegram_updates.c.handled_at.is_(None),
            or_(telegram_updates.c.leased_until.is_(None), telegram_updates.c.leased_until <= now),
        )
        .order_by(telegram_updates.c.update_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await tx.execute(
        update(telegram_updates)
        .where(telegram_updates.c.update_id.in_(waiting.scalar_subquery()))
        .values(leased_until=now + LEASE, attempts=telegram_updates.c.attempts + 1)
        .returning(
            telegram_updates.c.update_id, telegram_updates.c.body, telegram_updates.c.attempts
        )
    )
    found = [StoredUpdate(row.update_id, row.body, row.attempts) for row in taken]
    return sorted(found, key=lambda one: one.update_id)


async def end_update(  # noqa: PLR0913  # a row, each value by its name
    tx: AsyncConnection,
    update_id: int,
    *,
    kind: str,
    outcome: str,
    place: Place | None,
    now: datetime,
) -> None:
    """Mark an update as handled, and forget what was written."""
    await tx.execute(
        update(telegram_updates)
        .where(telegram_updates.c.update_id == update_id)
        .values(
            handled_at=now,
            leased_until=None,
            body="",
            kind=kind,
            outcome=outcome,
            telegram_chat_id=place.chat_id if place else None,
            telegram_user_id=place.user_id if place else None,
        )
    )


async def forget_updates(tx: AsyncConnection, before: datetime) -> int:
    """Delete what was handled before a moment; return how many."""
    gone = await tx.execute(
        delete(telegram_updates).where(
            telegram_updates.c.received_at < before, telegram_updates.c.handled_at.isnot(None)
        )
    )
    return gone.rowcount


async def take_intake(tx: AsyncConnection, lease: timedelta, now: datetime) -> UUID | None:
    """Become the one who asks Telegram for updates; None: another does."""
    taken = await tx.execute(
        update(telegram_intake)
        .where(or_(telegram_intake.c.leased_until.is_(None), telegram_intake.c.leased_until <= now))
        .values(lease_id=func.gen_random_uuid(), leased_until=now + lease)
        .returning(telegram_intake.c.lease_id)
    )
    return taken.scalar_one_or_none()


async def hold_intake(tx: AsyncConnection, lease_id: UUID, until: datetime | None) -> int | None:
    """Hold the row and the lease, until a moment (None: give it back); return the last update.

    None: the lease was lost.
    """
    held = await tx.execute(
        update(telegram_intake)
        .where(telegram_intake.c.lease_id == lease_id)
        .values(leased_until=until)
        .returning(telegram_intake.c.after_update_id)
    )
    return held.scalar_one_or_none()


async def move_intake(tx: AsyncConnection, after_update_id: int) -> None:
    await tx.execute(update(telegram_intake).values(after_update_id=after_update_id))
