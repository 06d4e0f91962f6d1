"""Deals as the statistics take them: those that are to be counted, and those in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, all_, exists, false, func, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics.counted import CountedDeal, Place
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.approvals.tables import approvals
from countersign_server.execution.tables import commands, deals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {0: DealKind.BUY, 1: DealKind.SELL, 2: DealKind.BALANCE}
_ENTRIES = {
    "in": DealEntry.IN,
    "out": DealEntry.OUT,
    "inout": DealEntry.REVERSE,
    "out-by": DealEntry.OUT_BY,
}
_OPENING = ("open", "place")
_COLUMNS = (
    *(deals.c.ticket, deals.c.broker_time_ms, deals.c.type, deals.c.entry, deals.c.symbol),
    *(deals.c.volume, deals.c.price, deals.c.profit, deals.c.swap, deals.c.commission),
    *(deals.c.fee, deals.c.position_id, deals.c.received_at),
)


@dataclass(frozen=True, slots=True)
class StoredDeal:
    """A deal to be counted, where it stands, and when it came."""

    counted: CountedDeal
    place: Place
    received_at: datetime


async def accounts_to_count(
    tx: AsyncConnection, *, after: UUID | None, resting: Sequence[UUID]
) -> UUID | None:
    """Return the next account that has deals to count; None: there is none after `after`.

    Not one of those that are `resting`.
    """
    asked = select(deals.c.account_id).where(~deals.c.counted).order_by(deals.c.account_id).limit(1)
    asked = asked.where(deals.c.account_id != all_(literal(resting, ARRAY(Uuid))))
    if after is not None:
        asked = asked.where(deals.c.account_id > after)
    found: UUID | None = await tx.scalar(asked)
    return found


async def deals_to_count(
    tx: AsyncConnection, account_id: UUID, *, limit: int
) -> Sequence[StoredDeal]:
    """Return deals that are not counted, in order, with the producers whose positions they are of.

    A position is of the producer whose command opened it first. The deals are held, and what is
    being cancelled just now is left for later: it must not be counted as it was.
    """
    opening = deals.alias()
    producer = (
        select(approvals.c.producer_id)
        .join(commands, commands.c.approval_id == approvals.c.id)
        .join(opening, opening.c.command_id == commands.c.id)
        .where(
            opening.c.account_id == deals.c.account_id,
            opening.c.position_id == deals.c.position_id,
            deals.c.position_id != 0,
            commands.c.kind.in_(_OPENING),
        )
        .order_by(opening.c.ticket)
        .limit(1)
        .scalar_subquery()
        .label("producer_id")
    )
    found = await tx.execute(
        select(*_COLUMNS, producer)
        .where(deals.c.account_id == account_id, deals.c.counted == false())
        .order_by(deals.c.broker_time_ms, deals.c.ticket)
        .limit(limit)
        .with_for_update(of=deals, key_share=True, skip_locked=True)
    )
    return [_stored(row, row.producer_id) for row in found]


async def is_counted_as_it_was(tx: AsyncConnection, account_id: UUID) -> bool:
    """Tell whether a deal was cancelled after it was counted."""
    mine = (deals.c.account_id == account_id) & (deals.c.counted == false())
    return bool(await tx.scalar(select(exists().where(mine, deals.c.counted_as_it_was == true()))))


async def mark_all_uncounted(tx: AsyncConnection, account_id: UUID) -> None:
    """Let all deals of an account be counted anew."""
    await tx.execute(
        update(deals)
        .where(deals.c.account_id == account_id)
        .values(counted=False, counted_for=None, counted_as_it_was=False)
    )


async def counted_without_producer(
    tx: AsyncConnection, account_id: UUID, position_ids: Collection[int]
) -> Sequence[StoredDeal]:
    """Return deals that were counted before anybody knew whose positions they are of."""
    if not position_ids:
        return []
    found = await tx.execute(
        select(*_COLUMNS)
        .where(
            deals.c.account_id == account_id,
            deals.c.position_id.in_(position_ids),
            deals.c.counted == true(),
            deals.c.counted_for.is_(None),
        )
        .with_for_update(key_share=True, skip_locked=True)
    )
    return [_stored(row, None) for row in found]


async def mark_counted(tx: AsyncConnection, account_id: UUID, marked: Sequence[StoredDeal]) -> None:
    """Remember that deals are counted, and for whom."""
    for producer_id in {one.counted.producer_id for one in marked}:
        tickets = [one.place.ticket for one in marked if one.counted.producer_id == producer_id]
        await tx.execute(
            update(deals)
            .where(deals.c.account_id == account_id, deals.c.ticket.in_(tickets))
            .values(counted=True, counted_for=producer_id)
        )


async def deals_after(
    tx: AsyncConnection, account_id: UUID, place: Place, *, limit: int
) -> Sequence[StoredDeal]:
    """Return counted deals after a place, in order."""
    found = await tx.execute(
        select(*_COLUMNS, deals.c.counted_for)
        .where(
            deals.c.account_id == account_id,
            deals.c.counted == true(),
            func.row(deals.c.broker_time_ms, deals.c.ticket) > func.row(*place),
        )
        .order_by(deals.c.broker_time_ms, deals.c.ticket)
        .limit(limit)
    )
    return [_stored(row, row.counted_for) for row in found]


async def balance_before(tx: AsyncConnection, account_id: UUID, milliseconds: int) -> Decimal:
    """Return what all deals before a moment of the broker's clock came to."""
    amounts = deals.c.profit + deals.c.swap + deals.c.commission + deals.c.fee
    mine = deals.c.account_id == account_id
    asked = select(func.coalesce(func.sum(amounts), 0)).where(
        mine, deals.c.broker_time_ms < milliseconds
    )
    return Decimal(await tx.scalar(asked) or 0)


def time_of(milliseconds: int) -> datetime:
    """Return a time of the broker's clock, written as UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _stored(row: Any, producer_id: UUID | None) -> StoredDeal:  # noqa: ANN401  # a row of _COLUMNS
    kind = _KINDS.get(row.type, DealKind.OTHER)
    is_trading = kind in (DealKind.BUY, DealKind.SELL)
    deal = HistoryDeal(
        ticket=row.ticket,
        time=time_of(row.broker_time_ms),
        kind=kind,
        entry=_ENTRIES.get(row.entry, DealEntry.NONE) if is_trading else DealEntry.NONE,
        symbol=row.symbol,
        volume=row.volume,
        price=row.price,
        profit=row.profit,
        swap=row.swap,
        commission=row.commission,
        fee=row.fee,
        position_id=row.position_id,
    )
    place = Place(row.broker_time_ms, row.ticket)
    return StoredDeal(CountedDeal(deal, producer_id), place, row.received_at)
