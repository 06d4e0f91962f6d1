"""The ledger in the database: entries are added, and read; nothing else is possible."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates.commission import month_of
from countersign_server.affiliates.ledger import (
    CanceledDeal,
    Entry,
    EntryKind,
    Line,
    Purpose,
    TradedDeal,
    is_balanced,
)
from countersign_server.affiliates.tables import ledger_entries, ledger_lines

_EARNING = (EntryKind.COMMISSION, EntryKind.REVERSAL)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an affiliate has in one currency."""

    available: Decimal
    reserved: Decimal
    earned: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Activity:
    """What those whom an affiliate brought have closed, and earned it something."""

    lots: Decimal
    people: int


async def add_entry(tx: AsyncConnection, entry: Entry) -> None:
    """Keep an entry with its lines."""
    assert is_balanced(entry.lines), "what is taken is given"  # noqa: S101  # a bug otherwise
    facts = asdict(entry)
    facts.pop("lines")
    await tx.execute(insert(ledger_entries).values(facts))
    await tx.execute(
        insert(ledger_lines),
        [
            {"entry_id": entry.id, "number": number, **asdict(line)}
            for number, line in enumerate(entry.lines, start=1)
        ],
    )


async def entry(tx: AsyncConnection, entry_id: UUID) -> Entry | None:
    """Return one entry; None: there is none that the transaction may see."""
    found = await _entries(tx, ledger_entries.c.id == entry_id)
    return found[0] if found else None


async def reversal(tx: AsyncConnection, entry_id: UUID) -> Entry | None:
    """Return what took an entry back; None: it stands."""
    found = await _entries(tx, ledger_entries.c.reverses_id == entry_id)
    return found[0] if found else None


async def commission_of(tx: AsyncConnection, deal: TradedDeal | CanceledDeal) -> Entry | None:
    """Return what a deal has earned, whoever told of it, taken back or not; None: nothing."""
    found = await _entries(
        tx,
        (ledger_entries.c.broker_server == deal.broker_server)
        & (ledger_entries.c.broker_login == deal.broker_login)
        & (ledger_entries.c.deal_ticket == deal.ticket),
    )
    return found[0] if found else None


async def available(tx: AsyncConnection, owner_id: UUID, currency: str) -> Decimal:
    """Return what may be paid out. Only what is held does not change at once."""
    asked = select(func.coalesce(func.sum(ledger_lines.c.amount), 0)).where(
        ledger_lines.c.owner_id == owner_id,
        ledger_lines.c.purpose == Purpose.AVAILABLE,
        ledger_lines.c.currency == currency,
    )
    return Decimal(await tx.scalar(asked) or 0)


async def balances(tx: AsyncConnection, owner_id: UUID) -> Mapping[str, Balance]:
    """Return what an affiliate has, by currency."""
    lines, kind = ledger_lines.c, ledger_entries.c.kind
    is_available, is_reserved = (
        lines.purpose == Purpose.AVAILABLE,
        lines.purpose == Purpose.RESERVED,
    )
    found = await tx.execute(
        select(
            lines.currency,
            _sum_of(lines.amount, is_available).label("available"),
            _sum_of(lines.amount, is_reserved).label("reserved"),
            _sum_of(lines.amount, is_available & kind.in_(_EARNING)).label("earned"),
            _sum_of(-lines.amount, is_reserved & (kind == EntryKind.PAYOUT_PAID)).label("paid"),
        )
        .join(ledger_entries, ledger_entries.c.id == lines.entry_id)
        .where(lines.owner_id == owner_id)
        .group_by(lines.currency)
        .order_by(lines.currency)
    )
    return {
        row.currency: Balance(row.available, row.reserved, row.earned, row.paid) for row in found
    }


async def activity(tx: AsyncConnection, owner_id: UUID, moment: datetime) -> Activity:
    """Return what was closed in the month of a moment, less what was taken back."""
    start, end = month_of(moment)
    entries = ledger_entries.c
    counted = case((entries.kind == EntryKind.REVERSAL, -entries.lots), else_=entries.lots)
    row = (
        await tx.execute(
            select(
                func.coalesce(func.sum(counted), 0).label("lots"),
                func.count(entries.referral_id.distinct()).label("people"),
            ).where(
                entries.owner_id == owner_id, entries.traded_at >= start, entries.traded_at < end
            )
        )
    ).one()
    return Activity(Decimal(row.lots), row.people)


async def history(
    tx: AsyncConnection, owner_id: UUID, *, limit: int, offset: int
) -> tuple[Sequence[Entry], int]:
    """Return entries of an affiliate, newest first, and how many there are in all."""
    mine = ledger_entries.c.owner_id == owner_id
    total = await tx.scalar(select(func.count()).where(mine))
    shown = select(ledger_entries.c.id).where(mine).order_by(ledger_entries.c.id.desc())
    page = shown.limit(limit).offset(offset)
    return await _entries(tx, ledger_entries.c.id.in_(page)), total or 0


async def _entries(tx: AsyncConnection, condition: ColumnElement[bool]) -> Sequence[Entry]:
    """Return entries, newest first. A tenant sees of each the lines that are its own."""
    found = await tx.execute(
        select(ledger_entries).where(condition).order_by(ledger_entries.c.id.desc())
    )
    rows = found.mappings().all()
    lines: dict[UUID, list[Line]] = {row["id"]: [] for row in rows}
    asked = select(ledger_lines).where(ledger_lines.c.entry_id.in_(lines))
    for row in await tx.execute(asked.order_by(ledger_lines.c.number)):
        purpose = Purpose(row.purpose)
        lines[row.entry_id].append(Line(row.owner_id, purpose, row.currency, row.amount))
    return [_entry(row, lines[row["id"]]) for row in rows]


def _entry(row: RowMapping, lines: Sequence[Line]) -> Entry:
    facts: dict[str, Any] = {**row, "kind": EntryKind(row["kind"]), "lines": tuple(lines)}
    return Entry(**facts)


def _sum_of(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(value).filter(condition), 0)
