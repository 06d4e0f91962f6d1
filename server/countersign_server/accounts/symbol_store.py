"""What brokers say of their symbols, and what owners have confirmed of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.fingerprints import symbol_fingerprint
from countersign_server.accounts.symbol import AccountSymbol, Quote, SymbolProperties
from countersign_server.accounts.tables import account_symbols, broker_symbols
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record

# What owners confirmed of symbols, beside what their terminals last told of these.
CONFIRMED = (
    select(
        account_symbols,
        broker_symbols.c.properties.label("current"),
        broker_symbols.c.fingerprint.label("current_fingerprint"),
        broker_symbols.c.bid,
        broker_symbols.c.ask,
        broker_symbols.c.quoted_at,
    )
    .join_from(
        account_symbols,
        broker_symbols,
        and_(
            broker_symbols.c.account_id == account_symbols.c.account_id,
            broker_symbols.c.symbol == account_symbols.c.symbol,
        ),
        isouter=True,
    )
    .order_by(account_symbols.c.instrument)
)


async def symbol_of(tx: AsyncConnection, account_id: UUID, instrument: str) -> AccountSymbol | None:
    """Return what an instrument is at the account's broker; None: its owner has not said."""
    return (await symbols_of(tx, [account_id], instrument)).get(account_id)


async def symbols_of(
    tx: AsyncConnection, account_ids: Collection[UUID], instrument: str
) -> Mapping[UUID, AccountSymbol]:
    """Return what an instrument is at each account's broker; accounts without it are not in it."""
    found = await tx.execute(
        CONFIRMED.where(
            account_symbols.c.account_id.in_(account_ids),
            account_symbols.c.instrument == instrument,
        )
    )
    return {row.account_id: account_symbol_of(row) for row in found}


async def symbols_of_account(
    tx: AsyncConnection, account_id: UUID, *, limit: int = 500
) -> Sequence[AccountSymbol]:
    """Return an account's instruments in name order."""
    found = await tx.execute(
        CONFIRMED.where(account_symbols.c.account_id == account_id).limit(limit)
    )
    return [account_symbol_of(row) for row in found]


async def instrument_of(tx: AsyncConnection, account_id: UUID, symbol: str) -> str | None:
    """Return which instrument a broker's symbol is confirmed as; None: none."""
    return await tx.scalar(
        select(account_symbols.c.instrument).where(
            account_symbols.c.account_id == account_id, account_symbols.c.symbol == symbol
        )
    )


async def confirm_symbol(  # noqa: PLR0913  # the columns of one row
    tx: AsyncConnection,
    *,
    owner_id: UUID,
    account_id: UUID,
    instrument: str,
    properties: SymbolProperties,
    now: datetime,
) -> None:
    """Store that an instrument is a symbol with these properties, whatever it was before."""
    values = {
        "symbol": properties.symbol,
        "properties": properties.to_json(),
        "fingerprint": symbol_fingerprint(properties),
        "confirmed_at": now,
    }
    await tx.execute(
        insert(account_symbols)
        .values(owner_id=owner_id, account_id=account_id, instrument=instrument, **values)
        .on_conflict_do_update(
            index_elements=[account_symbols.c.account_id, account_symbols.c.instrument],
            set_=values,
        )
    )


async def told_properties(
    tx: AsyncConnection, account_id: UUID, symbol: str
) -> SymbolProperties | None:
    """Return what the terminal last said of a symbol; None: it has not told of it."""
    found = await tx.scalar(
        select(broker_symbols.c.properties).where(
            broker_symbols.c.account_id == account_id, broker_symbols.c.symbol == symbol
        )
    )
    return None if found is None else SymbolProperties.from_json(found)


async def unmapped_symbols(
    tx: AsyncConnection, account_id: UUID, *, limit: int
) -> Sequence[SymbolProperties]:
    """Return symbols that the terminal has told of and no instrument is, in name order."""
    mapped = select(account_symbols.c.symbol).where(account_symbols.c.account_id == account_id)
    found = await tx.scalars(
        select(broker_symbols.c.properties)
        .where(broker_symbols.c.account_id == account_id, broker_symbols.c.symbol.not_in(mapped))
        .order_by(broker_symbols.c.symbol)
        .limit(limit)
    )
    return [SymbolProperties.from_json(properties) for properties in found]


async def quote_of(tx: AsyncConnection, account_id: UUID, symbol: str) -> Quote | None:
    """Return the newest price that the account's terminal has told of a symbol, or None."""
    found = await tx.execute(
        select(broker_symbols).where(
            broker_symbols.c.account_id == account_id, broker_symbols.c.symbol == symbol
        )
    )
    row = found.one_or_none()
    return None if row is None else _quote(symbol, row)


async def save_symbol_report(  # noqa: PLR0913  # a report, whose it is, and who sent it when
    tx: AsyncConnection,
    *,
    owner_id: UUID,
    account_id: UUID,
    properties: Sequence[SymbolProperties],
    quotes: Sequence[Quote],
    now: datetime,
    trace: Trace,
) -> Sequence[str]:
    """Keep what the terminal says of its symbols, and return the instruments that it made disagree.

    Those were confirmed with other properties: nothing is traded in them until their owner confirms
    anew; the audit tells of each once. An older price never replaces a newer one.
    """
    if not properties:
        return []
    agreed = await _agreeing_instruments(tx, account_id)
    prices = {quote.symbol: quote for quote in quotes}
    # By symbol, so that two reports at once lock the rows in one order; the last of a name counts.
    told = {one.symbol: one for one in sorted(properties, key=lambda one: one.symbol)}
    rows = [
        {
            "owner_id": owner_id,
            "account_id": account_id,
            "symbol": one.symbol,
            "properties": one.to_json(),
            "fingerprint": symbol_fingerprint(one),
            "reported_at": now,
            **_price_columns(prices.get(one.symbol)),
        }
        for one in told.values()
    ]
    await tx.execute(_keep_reported(), rows)
    changed = sorted(agreed - await _agreeing_instruments(tx, account_id))
    entries = [
        Entry(
            kind="symbol.changed",
            subject=f"account:{account_id}",
            event_time=now,
            trace=trace,
            owner_id=owner_id,
            account_id=account_id,
            after={"instrument": instrument},
        )
        for instrument in changed
    ]
    await record(tx, *entries)
    return changed


def _keep_reported() -> Any:  # noqa: ANN401  # a statement of SQLAlchemy's own, whose type has no name
    fresh = insert(broker_symbols)
    newer = and_(
        fresh.excluded.quoted_at.isnot(None),
        func.coalesce(fresh.excluded.quoted_at >= broker_symbols.c.quoted_at, True),
    )
    price = {
        name: case((newer, fresh.excluded[name]), else_=broker_symbols.c[name])
        for name in ("bid", "ask", "quoted_at")
    }
    return fresh.on_conflict_do_update(
        index_elements=[broker_symbols.c.account_id, broker_symbols.c.symbol],
        set_={
            "properties": fresh.excluded.properties,
            "fingerprint": fresh.excluded.fingerprint,
            "reported_at": fresh.excluded.reported_at,
            **price,
        },
    )


async def _agreeing_instruments(tx: AsyncConnection, account_id: UUID) -> frozenset[str]:
    found = await tx.scalars(
        select(account_symbols.c.instrument)
        .join_from(
            account_symbols,
            broker_symbols,
            and_(
                broker_symbols.c.account_id == account_symbols.c.account_id,
                broker_symbols.c.symbol == account_symbols.c.symbol,
            ),
            isouter=True,
        )
        .where(
            account_symbols.c.account_id == account_id,
            or_(
                broker_symbols.c.fingerprint.is_(None),
                broker_symbols.c.fingerprint == account_symbols.c.fingerprint,
            ),
        )
    )
    return frozenset(found)


def _price_columns(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {"bid": None, "ask": None, "quoted_at": None}
    return {"bid": quote.bid, "ask": quote.ask, "quoted_at": quote.quoted_at}


def account_symbol_of(row: Row[Any]) -> AccountSymbol:
    """Return what a row of CONFIRMED says."""
    confirmed = SymbolProperties.from_json(row.properties)
    told = row.current is not None
    return AccountSymbol(
        account_id=row.account_id,
        instrument=row.instrument,
        properties=confirmed,
        fingerprint=row.fingerprint,
        confirmed_at=row.confirmed_at,
        current=SymbolProperties.from_json(row.current) if told else confirmed,
        changed=told and row.current_fingerprint != row.fingerprint,
        quote=_quote(row.symbol, row),
    )


def _quote(symbol: str, row: Row[Any]) -> Quote | None:
    if row.bid is None or row.ask is None or row.quoted_at is None:
        return None
    return Quote(symbol, row.bid, row.ask, row.quoted_at)
