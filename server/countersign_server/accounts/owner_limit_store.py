"""What holds for all accounts of an owner together."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
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
    return OwnerLimits() if row is None else _limits(row)


async def exposure_limits(
    tx: AsyncConnection, owner_ids: Collection[UUID]
) -> Mapping[UUID, OwnerLimits]:
    """Return the limits of those owners who limit what all of their accounts hold together."""
    found = await tx.execute(select(owner_limits).where(owner_limits.c.owner_id.in_(owner_ids)))
    limits = {row.owner_id: _limits(row) for row in found}
    return {owner_id: one for owner_id, one in limits.items() if one.is_of_exposure}


async def save_owner_limits(
    tx: AsyncConnection, owner_id: UUID, limits: OwnerLimits, now: datetime
) -> None:
    losses = {currency: f"{most:f}" for currency, most in limits.max_daily_losses.items()}
    values = {**asdict(limits), "max_daily_losses": losses, "updated_at": now}
    await tx.execute(
        insert(owner_limits)
        .values(owner_id=owner_id, **values)
        .on_conflict_do_update(index_elements=[owner_limits.c.owner_id], set_=values)
    )


def _limits(row: Row[Any]) -> OwnerLimits:
    return OwnerLimits(
        max_orders_per_second=row.max_orders_per_second,
        max_orders_per_minute=row.max_orders_per_minute,
        max_lots=row.max_lots,
        max_positions=row.max_positions,
        max_daily_losses={
            currency: Decimal(most) for currency, most in row.max_daily_losses.items()
        },
    )
