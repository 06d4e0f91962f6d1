"""What holds for all accounts of an owner together."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import OwnerLimits
from countersign_server.accounts.tables import owner_limits


async def owner_limits_of(
    tx: AsyncConnection, owner_id: UUID, *, hold: bool = False
) -> OwnerLimits:
    """Return an owner's limits. `hold`: whoever else holds them waits until the commit."""
    question = select(owner_limits).where(owner_limits.c.owner_id == owner_id)
    row = (await tx.execute(question.with_for_update() if hold else question)).one_or_none()
    if row is None:
        return OwnerLimits()
    return OwnerLimits(row.max_orders_per_second, row.max_orders_per_minute)


async def save_owner_limits(
    tx: AsyncConnection, owner_id: UUID, limits: OwnerLimits, now: datetime
) -> None:
    values = {**asdict(limits), "updated_at": now}
    await tx.execute(
        insert(owner_limits)
        .values(owner_id=owner_id, **values)
        .on_conflict_do_update(index_elements=[owner_limits.c.owner_id], set_=values)
    )
