"""What accounts have realised since a day began."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.execution.tables import deals

# MetaTrader's DEAL_TYPE of deposits and withdrawals, and of credit: they are no result.
_PAID = (2, 3)


async def realised_since(
    tx: AsyncConnection, account_ids: Collection[UUID], since: datetime
) -> Mapping[UUID, Decimal]:
    """Return what deals since a moment made, with commission, swap and fee; none: not in it.

    A deal's own time decides, for history that comes late is no loss of today.
    """
    money = deals.c.profit + deals.c.commission + deals.c.swap + deals.c.fee
    offset = func.coalesce(deals.c.broker_utc_offset_seconds, 0) * 1000
    found = await tx.execute(
        select(deals.c.account_id, func.sum(money))
        .where(
            deals.c.account_id.in_(account_ids),
            # No deal arrives before it is made: an index has this.
            deals.c.received_at >= since,
            deals.c.broker_time_ms - offset >= int(since.timestamp() * 1000),
            deals.c.type.not_in(_PAID),
        )
        .group_by(deals.c.account_id)
    )
    return {row[0]: Decimal(row[1]) for row in found}
