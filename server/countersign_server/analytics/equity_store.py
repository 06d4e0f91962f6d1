"""Readings of equity: what snapshots show, kept hour by hour and position by position."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, all_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2
from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.tables import snapshots
from countersign_server.analytics.equity import EquityPath
from countersign_server.analytics.figures_store import History
from countersign_server.analytics.tables import equity_hours, excursions, figures


async def accounts_to_read(
    tx: AsyncConnection, *, limit: int, resting: Sequence[UUID]
) -> Sequence[UUID]:
    """Return accounts whose newest snapshot was not read, those that wait longest first.

    None of those that are `resting`.
    """
    found = await tx.scalars(
        select(snapshots.c.account_id)
        .join(figures, figures.c.history_id == snapshots.c.account_id, isouter=True)
        .where(
            snapshots.c.connected,
            snapshots.c.account_id != all_(literal(resting, ARRAY(Uuid))),
            or_(
                figures.c.equity_read_at.is_(None),
                figures.c.equity_read_at < snapshots.c.received_at,
            ),
        )
        .order_by(snapshots.c.received_at)
        .limit(limit)
    )
    return found.all()


async def keep_reading(
    tx: AsyncConnection, history: History, snapshot: Snapshot, path: EquityPath
) -> None:
    """Keep a reading that counts: the hour's extremes, and those of every position."""
    hour = snapshot.received_at.replace(minute=0, second=0, microsecond=0)
    read = insert(equity_hours).values(
        account_id=history.id,
        hour=hour,
        owner_id=history.owner_id,
        lowest=snapshot.equity,
        highest=snapshot.equity,
        equity=snapshot.equity,
        balance=snapshot.balance,
        paid=path.paid,
    )
    await tx.execute(
        read.on_conflict_do_update(
            constraint="equity_hours_key",
            set_={
                "lowest": func.least(equity_hours.c.lowest, read.excluded.lowest),
                "highest": func.greatest(equity_hours.c.highest, read.excluded.highest),
                "equity": read.excluded.equity,
                "balance": read.excluded.balance,
                "paid": read.excluded.paid,
            },
        )
    )
    await _keep_extremes(tx, history, snapshot)


async def _keep_extremes(tx: AsyncConnection, history: History, snapshot: Snapshot) -> None:
    held = execution_pb2.AccountSnapshot.FromString(snapshot.body).positions
    if not held:
        return
    rows = [
        {
            "account_id": history.id,
            "position_id": position.identifier,
            "owner_id": history.owner_id,
            "worst": min(Decimal(position.profit), Decimal(0)),
            "best": max(Decimal(position.profit), Decimal(0)),
        }
        for position in held
    ]
    seen = insert(excursions)
    is_news = or_(seen.excluded.worst < excursions.c.worst, seen.excluded.best > excursions.c.best)
    await tx.execute(
        seen.on_conflict_do_update(
            constraint="excursions_key",
            set_={
                "worst": func.least(excursions.c.worst, seen.excluded.worst),
                "best": func.greatest(excursions.c.best, seen.excluded.best),
            },
            where=is_news,
        ),
        rows,
    )


async def equity_of(
    tx: AsyncConnection, account_id: UUID, *, since: datetime, limit: int
) -> Sequence[tuple[datetime, Decimal, Decimal, Decimal]]:
    """Return the newest hours from `since` on, oldest first: hour, balance, equity, paid in all."""
    found = await tx.execute(
        select(
            equity_hours.c.hour, equity_hours.c.balance, equity_hours.c.equity, equity_hours.c.paid
        )
        .where(equity_hours.c.account_id == account_id, equity_hours.c.hour >= since)
        .order_by(equity_hours.c.hour.desc())
        .limit(limit)
    )
    return [(row.hour, row.balance, row.equity, row.paid) for row in reversed(found.all())]


async def equity_by_day(
    tx: AsyncConnection, account_id: UUID, *, since: datetime, limit: int
) -> Sequence[tuple[datetime, Decimal, Decimal, Decimal]]:
    """Return the last hour of each of the newest days, UTC, oldest first: as `equity_of`."""
    day = func.date_trunc("day", equity_hours.c.hour, "UTC")
    found = await tx.execute(
        select(
            equity_hours.c.hour, equity_hours.c.balance, equity_hours.c.equity, equity_hours.c.paid
        )
        .ext(distinct_on(day))
        .where(equity_hours.c.account_id == account_id, equity_hours.c.hour >= since)
        .order_by(day.desc(), equity_hours.c.hour.desc())
        .limit(limit)
    )
    return [(row.hour, row.balance, row.equity, row.paid) for row in reversed(found.all())]
