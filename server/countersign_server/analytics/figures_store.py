"""Figures of histories in the database: as they stand, their checkpoints, their sums."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import accounts
from countersign_server.analytics.breakdown import By, Part
from countersign_server.analytics.counted import (
    BEGINNING,
    Additions,
    Counted,
    DaySum,
    Place,
)
from countersign_server.analytics.equity import EquityPath
from countersign_server.analytics.keeping import counted_json, counted_of, kept, restored
from countersign_server.analytics.tables import (
    figure_checkpoints,
    figure_days,
    figure_parts,
    figures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The figures of one history as they stand."""

    id: UUID
    owner_id: UUID
    account_id: UUID | None  # None: it was imported
    currency: str
    counted: Counted
    place: Place = BEGINNING  # of the last deal in `counted`
    deals: int = 0
    behind: bool = False  # deals after the place are still to be counted again
    first_deal_ms: int | None = None
    equity: EquityPath | None = None
    equity_read_at: datetime | None = None


async def history_for_update(tx: AsyncConnection, account_id: UUID) -> History | None:
    """Return an account's figures, begun if need be, for this transaction alone.

    None: somebody else counts, or there is no such account.
    """
    held = await _held(tx, account_id)
    if held is not None:
        return held
    first = select(
        accounts.c.id,
        accounts.c.owner_id,
        accounts.c.id,
        accounts.c.currency,
        func.jsonb_build_object(),
    ).where(accounts.c.id == account_id)
    names = ["history_id", "owner_id", "account_id", "currency", "state"]
    await tx.execute(insert(figures).from_select(names, first).on_conflict_do_nothing())
    return await _held(tx, account_id)


async def _held(tx: AsyncConnection, history_id: UUID) -> History | None:
    found = await tx.execute(
        select(figures)
        .where(figures.c.history_id == history_id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    row = found.one_or_none()
    return None if row is None else _history(row)


async def add_history(tx: AsyncConnection, history: History) -> None:
    """Store the figures of a history that is complete from the start."""
    await tx.execute(
        insert(figures).values(
            history_id=history.id,
            owner_id=history.owner_id,
            account_id=history.account_id,
            currency=history.currency,
            **_standing(history),
        )
    )


async def save_history(tx: AsyncConnection, history: History) -> None:
    await tx.execute(
        update(figures).where(figures.c.history_id == history.id).values(_standing(history))
    )


async def histories(
    tx: AsyncConnection,
    *,
    history_ids: Collection[UUID] | None = None,
    owner_id: UUID | None = None,
    limit: int,
) -> Sequence[History]:
    """Return figures by their histories' ids; `history_ids` None: of all accounts in sight.

    `owner_id`: only of this owner's.
    """
    asked = select(figures).order_by(figures.c.history_id).limit(limit)
    if owner_id is not None:
        asked = asked.where(figures.c.owner_id == owner_id)
    if history_ids is None:
        asked = asked.where(figures.c.account_id.is_not(None))
    else:
        asked = asked.where(figures.c.history_id.in_(history_ids))
    return [_history(row) for row in await tx.execute(asked)]


async def add_checkpoint(tx: AsyncConnection, history: History) -> None:
    """Keep the figures as they are at their place."""
    await tx.execute(
        insert(figure_checkpoints)
        .values(
            history_id=history.id,
            owner_id=history.owner_id,
            place_ms=history.place.milliseconds,
            place_ticket=history.place.ticket,
            deals=history.deals,
            state=counted_json(history.counted),
        )
        .on_conflict_do_nothing()
    )


async def checkpoint_before(
    tx: AsyncConnection, history_id: UUID, place: Place
) -> tuple[Place, int, Counted]:
    """Return where to begin again to count a deal at `place`; forget what was kept after it."""
    kept_at = func.row(figure_checkpoints.c.place_ms, figure_checkpoints.c.place_ticket)
    mine = figure_checkpoints.c.history_id == history_id
    await tx.execute(delete(figure_checkpoints).where(mine, kept_at >= func.row(*place)))
    found = await tx.execute(
        select(figure_checkpoints)
        .where(mine)
        .order_by(figure_checkpoints.c.place_ms.desc(), figure_checkpoints.c.place_ticket.desc())
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return BEGINNING, 0, Counted()
    return Place(row.place_ms, row.place_ticket), row.deals, counted_of(row.state)


async def remove_figures(tx: AsyncConnection, history_id: UUID) -> None:
    """Forget the checkpoints and the sums of a history."""
    for table in (figure_checkpoints, figure_days, figure_parts):
        await tx.execute(delete(table).where(table.c.history_id == history_id))


async def add_sums(tx: AsyncConnection, history: History, additions: Additions) -> None:
    """Add to the sums of days and of parts."""
    ids = {"history_id": history.id, "owner_id": history.owner_id}
    days = [
        {
            **ids,
            "scope": key.scope or history.id,
            "day": key.day,
            "paid": d.paid,
            "result": d.result,
        }
        for key, d in sorted(
            additions.days.items(), key=lambda one: (str(one[0].scope), one[0].day)
        )
    ]
    parts = [
        {
            **ids,
            "scope": key.scope or history.id,
            "kind": str(key.by),
            "part": key.part,
            "trades": part.trades,
            "won": part.won,
            "gross_profit": part.gross_profit,
            "gross_loss": part.gross_loss,
            "volume": part.volume,
        }
        for key, part in additions.parts.items()
    ]
    if days:
        added = insert(figure_days)
        sums = {name: figure_days.c[name] + added.excluded[name] for name in ("paid", "result")}
        await tx.execute(added.on_conflict_do_update(constraint="figure_days_key", set_=sums), days)
    if parts:
        more = insert(figure_parts)
        names = ("trades", "won", "gross_profit", "gross_loss", "volume")
        sums = {name: figure_parts.c[name] + more.excluded[name] for name in names}
        await tx.execute(
            more.on_conflict_do_update(constraint="figure_parts_key", set_=sums), parts
        )


async def day_sums(
    tx: AsyncConnection, scopes: Mapping[UUID, UUID]
) -> Mapping[UUID, Mapping[date, DaySum]]:
    """Return the days of histories, each in the scope that it is mapped to."""
    found = await tx.execute(
        select(figure_days).where(
            figure_days.c.history_id.in_(scopes), figure_days.c.scope.in_(set(scopes.values()))
        )
    )
    sums: dict[UUID, dict[date, DaySum]] = {}
    for row in found:
        if scopes[row.history_id] == row.scope:
            sums.setdefault(row.history_id, {})[row.day] = DaySum(row.paid, row.result)
    return sums


async def part_sums(
    tx: AsyncConnection, scopes: Mapping[UUID, UUID], by: By, *, limit: int
) -> Mapping[str, Part]:
    """Return the parts of histories together, each history in the scope that it is mapped to."""
    within = [history_id for history_id, scope in scopes.items() if scope == history_id]
    producers = set(scopes.values()) - set(within)
    columns = figure_parts.c
    found = await tx.execute(
        select(
            columns.part,
            func.sum(columns.trades).label("trades"),
            func.sum(columns.won).label("won"),
            func.sum(columns.gross_profit).label("gross_profit"),
            func.sum(columns.gross_loss).label("gross_loss"),
            func.sum(columns.volume).label("volume"),
        )
        .where(
            columns.history_id.in_(scopes),
            columns.scope.in_(producers) if producers else columns.scope == columns.history_id,
            columns.kind == str(by),
        )
        .group_by(columns.part)
        .order_by(columns.part)
        .limit(limit)
    )
    return {
        row.part: Part(row.trades, row.won, row.gross_profit, row.gross_loss, row.volume)
        for row in found
    }


def paid_of(counted: Counted) -> Decimal:
    """Return what was paid in and out over all deals counted."""
    return counted.whole.balance - counted.whole.net_profit


def _standing(history: History) -> dict[str, Any]:
    return {
        "state": counted_json(history.counted),
        "place_ms": history.place.milliseconds,
        "place_ticket": history.place.ticket,
        "deals": history.deals,
        "behind": history.behind,
        "first_deal_ms": history.first_deal_ms,
        "equity": kept(history.equity),
        "equity_read_at": history.equity_read_at,
    }


def _history(row: Row[Any]) -> History:
    return History(
        id=row.history_id,
        owner_id=row.owner_id,
        account_id=row.account_id,
        currency=row.currency,
        counted=counted_of(row.state),
        place=Place(row.place_ms, row.place_ticket),
        deals=row.deals,
        behind=row.behind,
        first_deal_ms=row.first_deal_ms,
        equity=None if row.equity is None else restored(EquityPath, row.equity),
        equity_read_at=row.equity_read_at,
    )
