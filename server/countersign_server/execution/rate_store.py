"""Bars of accounts, and what bridges are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.execution.rate_tables import bars, rate_requests

# Of one symbol and timeframe: as many as a chart can show.
BARS_MAX = 5_000
# Of one account: the one that was asked for longest ago makes room.
SERIES_MAX = 200
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Series:
    """Which bars: the broker's symbol, and "M1" to "MN1"."""

    account_id: UUID
    owner_id: UUID
    symbol: str
    timeframe: str


@dataclass(frozen=True, slots=True)
class RateRequest:
    """What a bridge is asked for. `answered_at` None: it has not answered yet."""

    symbol: str
    timeframe: str
    count: int
    asked_at: datetime
    answered_at: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class StoredBar:
    """One bar. `time` is when it began, in UTC; volume in ticks."""

    time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


async def ask_for(tx: AsyncConnection, series: Series, count: int, now: datetime) -> None:
    """Ask the account's bridge for the newest bars of a series."""
    asked = insert(rate_requests).values(
        account_id=series.account_id,
        symbol=series.symbol,
        timeframe=series.timeframe,
        owner_id=series.owner_id,
        count=count,
        asked_at=now,
    )
    await tx.execute(
        asked.on_conflict_do_update(
            constraint="rate_requests_key",
            set_={"count": count, "asked_at": now, "answered_at": None, "failure": ""},
        )
    )
    await _make_room(tx, series.account_id)


async def request_of(tx: AsyncConnection, series: Series) -> RateRequest | None:
    """Return what was asked for last of a series; None: nothing ever was."""
    found = await tx.execute(
        select(rate_requests).where(
            rate_requests.c.account_id == series.account_id,
            rate_requests.c.symbol == series.symbol,
            rate_requests.c.timeframe == series.timeframe,
        )
    )
    row = found.one_or_none()
    return None if row is None else _request(row)


async def waiting_requests(
    tx: AsyncConnection, account_id: UUID, *, since: datetime, limit: int
) -> Sequence[RateRequest]:
    """Return what an account's bridge was asked since and has not answered, the oldest first."""
    found = await tx.execute(
        select(rate_requests)
        .where(
            rate_requests.c.account_id == account_id,
            rate_requests.c.answered_at.is_(None),
            rate_requests.c.asked_at > since,
        )
        .order_by(rate_requests.c.asked_at)
        .limit(limit)
    )
    return [_request(row) for row in found]


async def answer_request(
    tx: AsyncConnection, series: Series, *, failure: str, now: datetime
) -> None:
    """Say that the bridge has answered; `failure` empty: with bars."""
    await tx.execute(
        update(rate_requests)
        .where(
            rate_requests.c.account_id == series.account_id,
            rate_requests.c.symbol == series.symbol,
            rate_requests.c.timeframe == series.timeframe,
        )
        .values(answered_at=now, failure=failure)
    )


async def keep_bars(tx: AsyncConnection, series: Series, told: Sequence[StoredBar]) -> None:
    """Store bars, newer ones in place of what was told of the same time; forget the oldest."""
    rows = [
        {
            "account_id": series.account_id,
            "symbol": series.symbol,
            "timeframe": series.timeframe,
            "time": bar.time,
            "owner_id": series.owner_id,
            "open": bar.open,
            "high": bar.high,
            "low": bar.low,
            "close": bar.close,
            "volume": bar.volume,
        }
        for bar in told
    ]
    names = ("open", "high", "low", "close", "volume")
    for start in range(0, len(rows), _AT_ONCE):
        kept = insert(bars).values(rows[start : start + _AT_ONCE])
        await tx.execute(
            kept.on_conflict_do_update(
                constraint="bars_key", set_={name: kept.excluded[name] for name in names}
            )
        )
    oldest = (
        select(bars.c.time)
        .where(*_of(series))
        .order_by(bars.c.time.desc())
        .offset(BARS_MAX - 1)
        .limit(1)
        .scalar_subquery()
    )
    await tx.execute(delete(bars).where(*_of(series), bars.c.time < oldest))


async def newest_bars(tx: AsyncConnection, series: Series, *, count: int) -> Sequence[StoredBar]:
    """Return the newest bars of a series, oldest first."""
    found = await tx.execute(
        select(bars).where(*_of(series)).order_by(bars.c.time.desc()).limit(count)
    )
    return [
        StoredBar(row.time, row.open, row.high, row.low, row.close, row.volume)
        for row in reversed(found.all())
    ]


def _of(series: Series) -> tuple[Any, ...]:
    return (
        bars.c.account_id == series.account_id,
        bars.c.symbol == series.symbol,
        bars.c.timeframe == series.timeframe,
    )


async def _make_room(tx: AsyncConnection, account_id: UUID) -> None:
    """Forget the series of an account that were asked for longest ago, if there are too many."""
    mine = rate_requests.c.account_id == account_id
    beyond = (
        select(rate_requests.c.symbol, rate_requests.c.timeframe)
        .where(mine)
        .order_by(rate_requests.c.asked_at.desc())
        .offset(SERIES_MAX)
    )
    forgotten = (await tx.execute(beyond)).all()
    for symbol, timeframe in forgotten:
        for table in (rate_requests, bars):
            await tx.execute(
                delete(table).where(
                    table.c.account_id == account_id,
                    table.c.symbol == symbol,
                    table.c.timeframe == timeframe,
                )
            )


def _request(row: Any) -> RateRequest:  # noqa: ANN401  # a row of rate_requests
    return RateRequest(
        row.symbol, row.timeframe, row.count, row.asked_at, row.answered_at, row.failure
    )
