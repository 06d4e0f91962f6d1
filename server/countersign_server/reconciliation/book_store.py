"""What is stored of an account's book, read as one picture."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text as sql,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_guards.pips import pip_of_price
from countersign_server.accounts.symbol_store import symbols_of_account
from countersign_server.accounts.tables import accounts
from countersign_server.approvals.tables import approvals
from countersign_server.execution.tables import UNTRACED, command_tags, commands, deals
from countersign_server.reconciliation.bookkeeping import (
    Bookings,
    Opening,
    PositionDeal,
    bookings,
    modified,
)
from countersign_server.reconciliation.comparison import Book, ForeignDeal
from countersign_server.reconciliation.divergence import Kind
from countersign_server.reconciliation.position import Held
from countersign_server.reconciliation.symbol_names import SymbolNames
from countersign_server.reconciliation.tables import divergences, trades

_TRADES_MAX = 5000
_DEALS_MAX = 50_000
_STRAYS_MAX = 500
_OPENING = ("open", "place")
_DONE = ("executed", "partial")
_TRADING = (0, 1)  # MetaTrader's DEAL_TYPE of buys and sells
_CREDIT = 3

_SIGNED = case((deals.c.type == 0, deals.c.volume), else_=-deals.c.volume).label("signed")
_DEAL_COLUMNS = (
    deals.c.ticket,
    deals.c.position_id,
    deals.c.command_id,
    deals.c.magic,
    deals.c.entry,
    deals.c.reason,
    deals.c.symbol,
    deals.c.price,
    deals.c.received_at,
    _SIGNED,
)


async def load_book(
    tx: AsyncConnection,
    account_id: UUID,
    held: Sequence[Held],
    *,
    since: datetime,
    now: datetime,
) -> Book:
    """Return what our book says of an account, beside what its terminal holds.

    Deals that came after `since` begin trades. Trades that are over are put away.
    """
    ours = await _ours(tx, account_id, {one.magic for one in held if one.magic})
    await _begin_trades(tx, account_id, since, set(ours.values()))
    symbols = await symbols_of_account(tx, account_id)
    properties = {one.symbol: one.current for one in symbols}
    openings = await _openings(tx, account_id)
    made = await _deals_on(tx, account_id, {one.position_id for one in openings})

    def pip_of(symbol: str, price: Decimal) -> Decimal:
        told = properties.get(symbol)
        return told.pip_at(price) if told else pip_of_price(symbol, price)

    found: Bookings = bookings(openings, made, pip_of)
    await put_away(tx, account_id, found.over, now)
    strays = await _strays(tx, account_id, {one.identifier for one in held}, since)
    names = SymbolNames({one.symbol: one.instrument for one in symbols})
    return Book(trades=found.trades, over=found.over, ours=ours.keys(), strays=strays, names=names)


async def put_away(
    tx: AsyncConnection, account_id: UUID, command_ids: Collection[UUID], now: datetime
) -> None:
    """Say that trades are over."""
    if command_ids:
        await tx.execute(
            update(trades)
            .where(trades.c.account_id == account_id, trades.c.command_id.in_(command_ids))
            .values(over_at=now)
        )


async def trades_of(
    tx: AsyncConnection, account_id: UUID, command_id: UUID, position_id: int
) -> Sequence[UUID]:
    """Return every opening command of one trade."""
    alike = commands.c.id == command_id
    if position_id:
        alike = or_(alike, commands.c.position_id == position_id)
    found = await tx.scalars(
        select(trades.c.command_id)
        .join(commands, commands.c.id == trades.c.command_id)
        .where(trades.c.account_id == account_id, alike)
    )
    return found.all()


async def adopt_deals(
    tx: AsyncConnection, account_id: UUID, command_ids: Collection[UUID], upto: int
) -> None:
    """Take deals of others into our book."""
    await tx.execute(
        update(trades)
        .where(trades.c.account_id == account_id, trades.c.command_id.in_(command_ids))
        .values(adopted_deal=func.greatest(trades.c.adopted_deal, upto))
    )


async def deals_balance(tx: AsyncConnection, account_id: UUID) -> tuple[Decimal, Decimal]:
    """Return what all deals add up to: the balance, and the credit."""
    money = deals.c.profit + deals.c.commission + deals.c.swap + deals.c.fee
    is_credit = deals.c.type == _CREDIT
    row = (
        await tx.execute(
            select(
                func.coalesce(func.sum(money).filter(~is_credit), 0).label("balance"),
                func.coalesce(func.sum(money).filter(is_credit), 0).label("credit"),
            ).where(deals.c.account_id == account_id)
        )
    ).one()
    return Decimal(row.balance), Decimal(row.credit)


async def _ours(
    tx: AsyncConnection, account_id: UUID, magics: Collection[int]
) -> Mapping[int, UUID]:
    """Return the commands that are known by the tags of positions."""
    if not magics:
        return {}
    found = await tx.execute(
        select(command_tags.c.magic, command_tags.c.command_id).where(
            command_tags.c.account_id == account_id, command_tags.c.magic.in_(magics)
        )
    )
    return {row.magic: row.command_id for row in found}


async def _begin_trades(
    tx: AsyncConnection, account_id: UUID, since: datetime, shown: Collection[UUID]
) -> None:
    """Put into our book what deals, or open positions, show to have traded."""
    columns = (commands.c.account_id, commands.c.id, commands.c.owner_id)
    is_opening = commands.c.kind.in_(_OPENING)
    names = ["account_id", "command_id", "owner_id"]
    from_deals = (
        select(*columns)
        .join(deals, deals.c.command_id == commands.c.id)
        .where(deals.c.account_id == account_id, deals.c.received_at > since, is_opening)
    )
    untraced = select(*columns).where(
        commands.c.account_id == account_id, is_opening, sql(UNTRACED)
    )
    begun = from_deals.union(untraced)
    await tx.execute(insert(trades).from_select(names, begun).on_conflict_do_nothing())
    if shown:
        traded = select(*columns).where(
            commands.c.id.in_(shown),
            is_opening,
            or_(commands.c.filled_volume > 0, commands.c.state.in_(_DONE)),
        )
        await tx.execute(
            insert(trades)
            .from_select(names, traded)
            .on_conflict_do_update(
                constraint="trades_key",
                set_={"over_at": None},
                where=trades.c.over_at.is_not(None),
            )
        )


async def _openings(tx: AsyncConnection, account_id: UUID) -> list[Opening]:
    rows = (
        await tx.execute(
            select(
                commands,
                trades.c.adopted_deal,
                approvals.c.signal_price,
                approvals.c.stop_loss,
                approvals.c.take_profit,
            )
            .join(trades, trades.c.command_id == commands.c.id)
            .join(approvals, approvals.c.id == commands.c.approval_id, isouter=True)
            .where(trades.c.account_id == account_id, trades.c.over_at.is_(None))
            .limit(_TRADES_MAX)
        )
    ).all()
    if not rows:
        return []
    tags = await _tags(tx, [row.id for row in rows])
    openings = {row.id: _opening(row, tuple(sorted(tags[row.id]))) for row in rows}
    later = await tx.execute(
        select(commands.c.opening_command_id, approvals.c.stop_loss, approvals.c.take_profit)
        .join(approvals, approvals.c.id == commands.c.approval_id)
        .where(
            commands.c.account_id == account_id,
            commands.c.opening_command_id.in_(openings),
            commands.c.kind == "modify",
            commands.c.state == "executed",
        )
        .order_by(commands.c.updated_at)
    )
    for row in later:
        opening = openings[row.opening_command_id]
        openings[opening.command_id] = modified(opening, row.stop_loss, row.take_profit)
    return list(openings.values())


async def _tags(tx: AsyncConnection, command_ids: Sequence[UUID]) -> Mapping[UUID, list[int]]:
    tags: defaultdict[UUID, list[int]] = defaultdict(list)
    for row in await tx.execute(
        select(command_tags.c.command_id, command_tags.c.magic).where(
            command_tags.c.command_id.in_(command_ids)
        )
    ):
        tags[row.command_id].append(row.magic)
    return tags


async def _deals_on(
    tx: AsyncConnection, account_id: UUID, position_ids: Collection[int]
) -> list[PositionDeal]:
    known = [one for one in position_ids if one]
    if not known:
        return []
    found = await tx.execute(
        select(*_DEAL_COLUMNS)
        .where(
            deals.c.account_id == account_id,
            deals.c.position_id.in_(known),
            deals.c.type.in_(_TRADING),
        )
        .limit(_DEALS_MAX)
    )
    return [PositionDeal(row.command_id, _deal(row)) for row in found]


async def _strays(
    tx: AsyncConnection, account_id: UUID, held: Collection[int], since: datetime
) -> list[ForeignDeal]:
    """Return the first deal of each position that neither our book nor the terminal knows.

    Deals from before the account was known here are nobody's business.
    """
    own = deals.alias()
    named = select(divergences.c.deal_ticket).where(
        divergences.c.account_id == account_id,
        divergences.c.kind == Kind.UNKNOWN_DEAL,
        divergences.c.state.in_(["open", "escalated"]),
    )
    utc = deals.c.broker_time_ms / 1000 - func.coalesce(deals.c.broker_utc_offset_seconds, 0)
    ticket = func.min(deals.c.ticket)
    whole = select(ticket).where(
        deals.c.account_id == account_id,
        or_(deals.c.received_at > since, deals.c.ticket.in_(named)),
        deals.c.command_id.is_(None),
        deals.c.type.in_(_TRADING),
        deals.c.position_id.not_in(held),
        utc
        >= select(func.extract("epoch", accounts.c.created_at))
        .where(accounts.c.id == account_id)
        .scalar_subquery(),
        ~exists().where(
            and_(
                own.c.account_id == deals.c.account_id,
                own.c.position_id == deals.c.position_id,
                own.c.command_id.is_not(None),
            )
        ),
        ~exists().where(
            and_(
                divergences.c.account_id == deals.c.account_id,
                divergences.c.position_id == deals.c.position_id,
                divergences.c.kind == Kind.MANUAL,
            )
        ),
    )
    firsts = (await tx.scalars(whole.group_by(deals.c.position_id).limit(_STRAYS_MAX))).all()
    if not firsts:
        return []
    found = await tx.execute(
        select(*_DEAL_COLUMNS).where(deals.c.account_id == account_id, deals.c.ticket.in_(firsts))
    )
    return sorted((_deal(row) for row in found), key=lambda deal: deal.ticket)


def _opening(row: Row[Any], magics: tuple[int, ...]) -> Opening:
    return Opening(
        command_id=row.id,
        magics=magics,
        position_id=row.position_id,
        symbol=row.symbol,
        side=row.side,
        volume=row.volume or row.filled_volume,
        filled_volume=row.filled_volume,
        average_price=row.average_price,
        signal_price=row.signal_price,
        stop_loss=row.stop_loss,
        take_profit=row.take_profit,
        adopted_deal=row.adopted_deal,
        changed_at=row.updated_at,
    )


def _deal(row: Any) -> ForeignDeal:  # noqa: ANN401  # a row of those columns
    return ForeignDeal(
        ticket=row.ticket,
        position_id=row.position_id,
        magic=row.magic,
        entry=row.entry,
        reason=row.reason,
        symbol=row.symbol,
        signed=row.signed,
        price=row.price,
        seen_at=row.received_at,
    )
