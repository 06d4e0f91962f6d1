"""When a deal was made: by the broker's clock, and by UTC where anybody knows how far that is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics.deal_store import time_of
from countersign_server.analytics.figures_store import History
from countersign_server.execution.tables import deals

# How far the broker's clock is from UTC is told with each deal, as it is at the telling. Brokers
# set their clocks twice a year, so what is told much later may be an hour off for the deal.
_TOLD_SOON = timedelta(days=1)
_LAST_MS = 253_402_300_799_999  # of the last year that there is


@dataclass(frozen=True, slots=True)
class DealTime:
    """A moment of the broker's clock. `utc` None: nobody knows how far that is from UTC."""

    milliseconds: int
    utc: datetime | None = None

    @property
    def broker_text(self) -> str:
        """Return "2026-11-21 21:15:07", as MetaTrader shows it."""
        return f"{time_of(self.milliseconds):%Y-%m-%d %H:%M:%S}"


def deal_time(milliseconds: int, utc_offset_seconds: int | None, *, told_at: datetime) -> DealTime:
    """Return when a deal was made, of which a bridge told at `told_at`."""
    if utc_offset_seconds is None:
        return DealTime(milliseconds)
    # In milliseconds: what a bridge tells may lie beyond the last year that a datetime has.
    utc = milliseconds - utc_offset_seconds * 1000
    if abs(told_at.timestamp() * 1000 - utc) > _TOLD_SOON.total_seconds() * 1000:
        return DealTime(milliseconds)
    return DealTime(milliseconds, time_of(utc))


def likely_utc(milliseconds: int, utc_offset_seconds: int | None, *, told_at: datetime) -> datetime:
    """Return when a deal was made as well as can be said, for where it must stand somewhere.

    A distance told late may be an hour off. Where none was told, a deal told soon was made when it
    was told of; of one told late the broker's clock is all there is.
    """
    known = deal_time(milliseconds, utc_offset_seconds, told_at=told_at)
    if known.utc is not None:
        return known.utc
    if utc_offset_seconds is not None:
        return time_of(min(max(milliseconds - utc_offset_seconds * 1000, 0), _LAST_MS))
    by_broker = time_of(milliseconds)
    return told_at if abs(told_at - by_broker) <= _TOLD_SOON else by_broker


async def ends_of(
    tx: AsyncConnection, found: Sequence[History], producer_id: UUID | None
) -> Mapping[UUID, tuple[int, ...]]:
    """Return each history's first and last deal by the broker's clock; empty: there is none.

    `producer_id`: of that producer's positions alone.
    """
    if producer_id is None:
        return {one.id: _ends(one) for one in found}
    moment, ends = deals.c.broker_time_ms, dict[UUID, tuple[int, ...]]()
    asked = (
        select(deals.c.account_id, func.min(moment), func.max(moment))
        .where(
            deals.c.account_id.in_([one.id for one in found]), deals.c.counted_for == producer_id
        )
        .group_by(deals.c.account_id)
    )
    for account_id, first, last in await tx.execute(asked):
        ends[account_id] = first, last
    return {one.id: ends.get(one.id, ()) for one in found}


async def deal_times(
    tx: AsyncConnection, ends: Mapping[UUID, tuple[int, ...]]
) -> Mapping[tuple[UUID, int], DealTime]:
    """Return when deals were made, by history and broker's clock."""
    wanted = {(history_id, moment) for history_id, both in ends.items() for moment in both}
    asked = select(
        deals.c.account_id,
        deals.c.broker_time_ms,
        deals.c.broker_utc_offset_seconds,
        deals.c.event_time,
    ).where(tuple_(deals.c.account_id, deals.c.broker_time_ms).in_(wanted))
    times = {key: DealTime(key[1]) for key in wanted}
    for row in await tx.execute(asked.order_by(deals.c.ticket)):
        told = deal_time(row.broker_time_ms, row.broker_utc_offset_seconds, told_at=row.event_time)
        if told.utc is not None:
            times[row.account_id, row.broker_time_ms] = told
    return times


def _ends(history: History) -> tuple[int, ...]:
    if history.first_deal_ms is None:
        return ()
    return history.first_deal_ms, history.place.milliseconds


def earliest(times: Iterable[DealTime]) -> DealTime | None:
    """Return the first of several brokers' times: by UTC if that is known of all of them."""
    return min(_comparable(times), key=_by_utc, default=None)


def latest(times: Iterable[DealTime]) -> DealTime | None:
    """Return the last of several brokers' times: by UTC if that is known of all of them."""
    return max(_comparable(times), key=_by_utc, default=None)


def _comparable(times: Iterable[DealTime]) -> Sequence[DealTime]:
    given = list(times)
    if all(one.utc is not None for one in given):
        return given
    return [DealTime(one.milliseconds) for one in given]


def _by_utc(time: DealTime) -> tuple[datetime, int]:
    return time.utc or time_of(time.milliseconds), time.milliseconds
