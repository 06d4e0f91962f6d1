"""Histories that come from elsewhere: stored whole, with figures from the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics.counted import Counted, CountedDeal, Place, additions_of
from countersign_server.analytics.figures_store import History, add_history, add_sums
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.analytics.tables import imported_deals, imported_histories
from countersign_server.identifiers import uuid7

DEALS_MAX = 200_000
_AT_ONCE = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = (
    *("ticket", "time", "kind", "entry", "symbol", "volume", "price", "profit", "swap"),
    *("commission", "fee", "position_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a history comes from. The same digest is the same history of its owner."""

    owner_id: UUID
    name: str
    currency: str
    sha256: bytes


async def store_history(
    tx: AsyncConnection, source: Source, deals: Sequence[HistoryDeal], now: datetime
) -> UUID:
    """Store an imported history, in the order of its deals, and return its id: a repeat the same.

    At most DEALS_MAX deals. `AnalyticsService` answers about it by that id, as about an account.
    """
    # Whoever imports the same at the same time waits here, and finds it stored.
    lock = int.from_bytes(source.sha256[:8], "big", signed=True)
    await tx.execute(select(func.pg_advisory_xact_lock(lock)))
    known = await _stored(tx, source)
    if known is not None:
        return known
    coming = [CountedDeal(deal) for deal in deals]
    counted = Counted()
    for one in coming:
        counted = counted.after(one)
    last, history_id = (deals[-1] if deals else None), uuid7(now)
    history = History(
        id=history_id,
        owner_id=source.owner_id,
        account_id=None,
        currency=source.currency,
        counted=counted,
        place=Place(_milliseconds(last.time), last.ticket) if last else Place(-1, 0),
        deals=len(deals),
        first_deal_ms=_milliseconds(deals[0].time) if deals else None,
    )
    await add_history(tx, history)
    await tx.execute(
        insert(imported_histories).values(
            id=history_id,
            owner_id=source.owner_id,
            name=source.name,
            currency=source.currency,
            source_sha256=source.sha256,
            created_at=now,
        )
    )
    rows = [_row(history, number, deal) for number, deal in enumerate(deals)]
    for start in range(0, len(rows), _AT_ONCE):
        await tx.execute(insert(imported_deals), rows[start : start + _AT_ONCE])
    await add_sums(tx, history, additions_of(coming))
    return history_id


async def imported_deals_of(
    tx: AsyncConnection, history_id: UUID, *, since: datetime | None = None, limit: int = DEALS_MAX
) -> Sequence[HistoryDeal]:
    """Return the deals of an imported history as they were given, `since` by the broker's clock."""
    asked = select(imported_deals).where(imported_deals.c.history_id == history_id)
    if since is not None:
        asked = asked.where(imported_deals.c.time >= since)
    found = await tx.execute(asked.order_by(imported_deals.c.number).limit(limit))
    return [
        HistoryDeal(
            **{name: getattr(row, name) for name in _NAMES if name not in ("kind", "entry")},
            kind=DealKind(row.kind),
            entry=DealEntry(row.entry),
        )
        for row in found
    ]


async def imported_balance_before(
    tx: AsyncConnection, history_id: UUID, moment: datetime
) -> Decimal:
    """Return what all deals before a moment of the broker's clock came to."""
    columns = imported_deals.c
    amounts = columns.profit + columns.swap + columns.commission + columns.fee
    asked = select(func.coalesce(func.sum(amounts), 0)).where(
        columns.history_id == history_id, columns.time < moment
    )
    return Decimal(await tx.scalar(asked) or 0)


async def imported_name(tx: AsyncConnection, history_id: UUID) -> str | None:
    """Return what an imported history is called; None: there is none in sight."""
    asked = select(imported_histories.c.name).where(imported_histories.c.id == history_id)
    found: str | None = await tx.scalar(asked)
    return found


async def _stored(tx: AsyncConnection, source: Source) -> UUID | None:
    found: UUID | None = await tx.scalar(
        select(imported_histories.c.id).where(
            imported_histories.c.owner_id == source.owner_id,
            imported_histories.c.source_sha256 == source.sha256,
        )
    )
    return found


def _row(history: History, number: int, deal: HistoryDeal) -> dict[str, Any]:
    values = {name: getattr(deal, name) for name in _NAMES}
    return {"history_id": history.id, "number": number, "owner_id": history.owner_id, **values}


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
