"""Reports, settlements and deals in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.execution.command import Command
from countersign_server.execution.deal import CANCELED, CHANGED_BY_CANCELING, Deal
from countersign_server.execution.report import Report
from countersign_server.execution.settlement import Mark, Settlement
from countersign_server.execution.tables import anomaly_counts, command_reports, deals, settlements

_DAY_MS = 86_400_000
_REPORT = [field.name for field in fields(Report)]
_SETTLEMENT = [field.name for field in fields(Settlement)]
_DEAL = [field.name for field in fields(Deal)]
# A bridge's clock that was ahead for a while must not hide what is told after it was set.
LOOKED_AT = func.least(command_reports.c.event_time, command_reports.c.received_at)


def report_of(row: Row[Any]) -> Report:
    """Return a row of command_reports as a value."""
    return Report(**{name: getattr(row, name) for name in _REPORT})


def deal_of(row: Row[Any]) -> Deal:
    """Return a row of deals as a value."""
    return Deal(**{name: getattr(row, name) for name in _DEAL})


def settlement_of(row: Row[Any]) -> Settlement:
    """Return a row of settlements as a value."""
    facts: dict[str, Any] = {name: getattr(row, name) for name in _SETTLEMENT}
    facts["settled_as"] = Mark(row.settled_as)
    return Settlement(**facts)


class SqlReports:
    """See `book.Reports`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, report: Report) -> bool:
        stored = await self._tx.execute(
            insert(command_reports)
            .values({name: getattr(report, name) for name in _REPORT})
            .on_conflict_do_nothing()
            .returning(command_reports.c.natural_key)
        )
        return stored.one_or_none() is not None

    async def count_anomaly(self, account_id: UUID, owner_id: UUID, *, hour: datetime) -> int:
        first = insert(anomaly_counts).values(
            account_id=account_id, owner_id=owner_id, hour=hour, count=1
        )
        same_hour = anomaly_counts.c.hour == first.excluded.hour
        counted = await self._tx.scalar(
            first.on_conflict_do_update(
                index_elements=[anomaly_counts.c.account_id],
                set_={
                    "hour": first.excluded.hour,
                    "count": case((same_hour, anomaly_counts.c.count + 1), else_=1),
                },
            ).returning(anomaly_counts.c.count)
        )
        return counted or 0

    async def newest_evidence(self, command: Command) -> Report | None:
        found = await self._tx.execute(
            select(command_reports)
            .where(
                command_reports.c.command_id == command.id,
                command_reports.c.account_id == command.account_id,
                command_reports.c.kind == "evidence",
            )
            .order_by(LOOKED_AT.desc(), command_reports.c.natural_key.desc())
            .limit(1)
        )
        row = found.one_or_none()
        return report_of(row) if row else None


class SqlSettlements:
    """See `book.Settlements`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, settlement: Settlement) -> None:
        row = {name: getattr(settlement, name) for name in _SETTLEMENT}
        await self._tx.execute(insert(settlements).values(row))

    async def named(self, settlement_id: UUID) -> Settlement | None:
        found = await self._tx.execute(select(settlements).where(settlements.c.id == settlement_id))
        row = found.one_or_none()
        return settlement_of(row) if row else None


class SqlDeals:
    """See `book.Deals`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, deal: Deal) -> bool:
        stored = await self._tx.execute(
            insert(deals)
            .values({name: getattr(deal, name) for name in _DEAL})
            .on_conflict_do_nothing()
            .returning(deals.c.ticket)
        )
        return stored.one_or_none() is not None

    async def cancel(self, deal: Deal) -> Deal | None:
        mine = (deals.c.account_id == deal.account_id) & (deals.c.ticket == deal.ticket)
        standing = select(deals).where(mine, deals.c.type.in_(CANCELED)).with_for_update()
        row = (await self._tx.execute(standing)).one_or_none()
        if row is None:
            return None
        shown = {name: getattr(deal, name) for name in CHANGED_BY_CANCELING}
        await self._tx.execute(
            update(deals).where(mine).values(counted=False, counted_as_it_was=row.counted, **shown)
        )
        return deal_of(row)

    async def fills(self, command_id: UUID) -> Sequence[tuple[Decimal, Decimal]]:
        found = await self._tx.execute(
            select(deals.c.volume, deals.c.price).where(deals.c.command_id == command_id)
        )
        return [(row.volume, row.price) for row in found]

    async def open_volume(self, account_id: UUID, position_id: int) -> Decimal:
        volume = case((deals.c.entry == "in", deals.c.volume), else_=-deals.c.volume)
        found = await self._tx.scalar(
            select(func.coalesce(func.sum(volume), 0)).where(
                deals.c.account_id == account_id,
                deals.c.position_id == position_id,
                deals.c.entry.in_(["in", "out", "out-by"]),
            )
        )
        return Decimal(found or 0)

    async def newest_ms(self, account_id: UUID) -> int | None:
        return await self._tx.scalar(
            select(func.max(deals.c.broker_time_ms)).where(deals.c.account_id == account_id)
        )

    async def tickets(self, account_id: UUID, *, first_ms: int, end_ms: int) -> Sequence[int]:
        found = await self._tx.scalars(
            select(deals.c.ticket).where(
                deals.c.account_id == account_id,
                deals.c.broker_time_ms >= first_ms,
                deals.c.broker_time_ms < end_ms,
            )
        )
        return list(found)

    async def tickets_by_day(
        self, account_id: UUID, *, since_ms: int, limit: int
    ) -> Mapping[int, Sequence[int]]:
        found = await self._tx.execute(
            select(func.floor(deals.c.broker_time_ms / _DAY_MS).label("day"), deals.c.ticket)
            .where(deals.c.account_id == account_id, deals.c.broker_time_ms >= since_ms)
            .order_by("day", deals.c.ticket)
            .limit(limit)
        )
        by_day: dict[int, list[int]] = {}
        for number, ticket in found:
            by_day.setdefault(int(number), []).append(ticket)
        return by_day
