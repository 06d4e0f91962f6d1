"""Imported histories, and the deals of any history, in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.store import account
from countersign_server.analytics.counted import Place
from countersign_server.analytics.deal_store import deals_after
from countersign_server.analytics.history import HistoryDeal
from countersign_server.analytics.imported import imported_deals_of
from countersign_server.analytics.tables import figures, imported_histories

_BEFORE_ALL = Place(-1, 0)
_LISTED = select(imported_histories, figures.c.deals).join(
    figures, figures.c.history_id == imported_histories.c.id
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A history as it was imported."""

    id: UUID
    owner_id: UUID
    name: str
    currency: str
    source_sha256: bytes
    created_at: datetime
    deals: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What a history holds: of an account, or imported."""

    name: str
    currency: str
    deals: Sequence[HistoryDeal]


async def imported(tx: AsyncConnection, history_id: UUID) -> Imported | None:
    """Return one imported history; None: there is none that the transaction may see."""
    found = await tx.execute(_LISTED.where(imported_histories.c.id == history_id))
    row = found.mappings().one_or_none()
    return None if row is None else Imported(**row)


async def imported_count(tx: AsyncConnection, owner_id: UUID) -> int:
    counted = select(func.count()).where(imported_histories.c.owner_id == owner_id)
    return await tx.scalar(counted) or 0


async def list_imported(
    tx: AsyncConnection, *, before: UUID | None, limit: int
) -> Sequence[Imported]:
    """Return imported histories that the transaction may see, newest first."""
    asked = _LISTED.order_by(imported_histories.c.id.desc()).limit(limit)
    if before is not None:
        asked = asked.where(imported_histories.c.id < before)
    return [Imported(**row) for row in (await tx.execute(asked)).mappings()]


async def imported_deals(tx: AsyncConnection, history_id: UUID) -> Exported | None:
    """Return an imported history whole; None: there is none that the transaction may see."""
    found = await imported(tx, history_id)
    if found is None:
        return None
    return Exported(found.name, found.currency, await imported_deals_of(tx, history_id))


async def account_deals(tx: AsyncConnection, account_id: UUID, *, limit: int) -> Exported | None:
    """Return what the figures of an account were counted from, in the order of its broker's clock.

    None: there is no such account that the transaction may see.
    """
    found = await account(tx, account_id)
    if found is None:
        return None
    stored = await deals_after(tx, account_id, _BEFORE_ALL, limit=limit)
    return Exported(found.name, found.currency, [one.counted.deal for one in stored])
