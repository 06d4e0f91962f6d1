"""What openings are held against: how accounts stand, read in a few questions for all of them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2, values_pb2
from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.owner_limit_store import exposure_limits
from countersign_server.accounts.store import accounts_of, snapshots_of
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.accounts.tables import broker_symbols
from countersign_server.approvals.commands_port import FindIssued, IssuedCommand
from countersign_server.approvals.risk import (
    MINUTE,
    Guarded,
    Holding,
    Issued,
    Picture,
    Reading,
    share_of,
)

_SIDES = {values_pb2.SIDE_BUY: "buy", values_pb2.SIDE_SELL: "sell"}
# Decisions of one owner come one after another; nothing else uses this space of locks.
_DECISIONS = 0x5249534B

# An account that is not in it is guarded by the product's own policy.
FindGuarded = Callable[[AsyncConnection, Collection[Account]], Awaitable[Mapping[UUID, Guarded]]]
# What accounts realised since a moment; one without a deal is not in it.
FindRealised = Callable[
    [AsyncConnection, Collection[UUID], datetime], Awaitable[Mapping[UUID, Decimal]]
]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws pictures of accounts. `stale`: whether a snapshot is too old to act on."""

    issued: FindIssued
    stale: Callable[[Snapshot], bool]
    guarded: FindGuarded
    realised: FindRealised

    async def of(
        self,
        tx: AsyncConnection,
        accounts: Collection[Account],
        opened: Mapping[UUID, Collection[str]],
        now: datetime,
    ) -> Mapping[UUID, Picture]:
        """Return the picture of each account. `opened`: the symbols that are to be opened there."""
        drawn = await self._drawn(tx, accounts, opened, now)
        limits = await exposure_limits(tx, {account.owner_id for account in accounts})
        if not limits:
            return drawn
        held = {one.id: one for one in await accounts_of(tx, limits)}
        others = [one for one in held.values() if one.id not in drawn]
        beside = {**drawn, **await self._drawn(tx, others, {}, now)}
        began = now.replace(hour=0, minute=0, second=0, microsecond=0)
        realised = await self.realised(tx, held, began)
        whole = {
            one: replace(beside[one], realised_today=realised.get(one, Decimal(0))) for one in held
        }
        shares = {one: share_of(picture) for one, picture in whole.items()}
        return {
            one: replace(
                whole[one],
                owner_limits=limits[picture.account.owner_id],
                beside=[
                    share
                    for other, share in shares.items()
                    if other != one and held[other].owner_id == picture.account.owner_id
                ],
            )
            if one in whole
            else picture
            for one, picture in drawn.items()
        }

    async def _drawn(
        self,
        tx: AsyncConnection,
        accounts: Collection[Account],
        opened: Mapping[UUID, Collection[str]],
        now: datetime,
    ) -> Mapping[UUID, Picture]:
        """Return each account for itself."""
        ids = [account.id for account in accounts]
        if not ids:
            return {}
        stored = await snapshots_of(tx, account_ids=ids, limit=len(ids))
        readings = {one.account_id: _reading(one, is_stale=self.stale(one)) for one, _ in stored}
        issued: defaultdict[UUID, list[Issued]] = defaultdict(list)
        for one in await self.issued(tx, ids, now - MINUTE):
            issued[one.account_id].append(_issued(one))
        guarded = await self.guarded(tx, accounts)
        wanted = {
            (account_id, symbol)
            for account_id in ids
            for symbol in _symbols(readings.get(account_id), issued[account_id])
            | set(opened.get(account_id, ()))
        }
        symbols, quotes = await _told(tx, wanted)
        return {
            account.id: Picture(
                account=account,
                reading=readings.get(account.id),
                issued=issued[account.id],
                symbols=symbols[account.id],
                quotes=quotes[account.id],
                guarded=guarded.get(account.id),
                now=now,
            )
            for account in accounts
        }


async def decide_in_turn(tx: AsyncConnection, owner_ids: Collection[UUID]) -> None:
    """Hold the right to decide for owners until commit: what another approves is seen then.

    Of all of an owner's accounts, since some limits are those of all together. Taken in one order
    by everybody, before anything else that could be waited for.
    """
    keys = sorted({_key(owner_id) for owner_id in owner_ids})
    if keys:
        held = select(func.unnest(keys).label("key")).subquery()
        await tx.execute(select(func.pg_advisory_xact_lock(_DECISIONS, held.c.key)))


def _key(owner_id: UUID) -> int:
    # Two owners that share a key wait for each other, and nothing worse.
    return int.from_bytes(owner_id.bytes[-4:], "big", signed=True)


async def _told(
    tx: AsyncConnection, wanted: Collection[tuple[UUID, str]]
) -> tuple[
    Mapping[UUID, Mapping[str, SymbolProperties]],
    Mapping[UUID, Mapping[str, Quote]],
]:
    """Return what terminals last told of symbols, and their prices, by account."""
    symbols: defaultdict[UUID, dict[str, SymbolProperties]] = defaultdict(dict)
    quotes: defaultdict[UUID, dict[str, Quote]] = defaultdict(dict)
    if not wanted:
        return symbols, quotes
    key = tuple_(broker_symbols.c.account_id, broker_symbols.c.symbol)
    for row in await tx.execute(select(broker_symbols).where(key.in_(list(wanted)))):
        symbols[row.account_id][row.symbol] = SymbolProperties.from_json(row.properties)
        if row.quoted_at is not None:
            quotes[row.account_id][row.symbol] = Quote(row.symbol, row.bid, row.ask, row.quoted_at)
    return symbols, quotes


def _symbols(reading: Reading | None, issued: Sequence[Issued]) -> set[str]:
    held = reading.positions.values() if reading else ()
    return {one.symbol for one in held} | {one.holding.symbol for one in issued if one.may_come}


def _reading(snapshot: Snapshot, *, is_stale: bool) -> Reading:
    shown = execution_pb2.AccountSnapshot.FromString(snapshot.body)
    return Reading(
        read_at=min(snapshot.event_time, snapshot.received_at),
        is_stale=is_stale,
        balance=snapshot.balance,
        equity=snapshot.equity,
        margin=Decimal(shown.margin or 0),
        positions={one.identifier: _holding(one) for one in shown.positions},
        magics=frozenset(one.magic for one in shown.positions if one.magic),
        credit=Decimal(shown.credit or 0),
    )


def _holding(position: execution_pb2.Position) -> Holding:
    return Holding(
        symbol=position.symbol,
        side=_SIDES.get(position.side, ""),
        volume=Decimal(position.volume),
        price=Decimal(position.price_current),
        stop_loss=Decimal(position.stop_loss) if position.stop_loss else None,
    )


def _issued(command: IssuedCommand) -> Issued:
    return Issued(
        subscription_id=command.subscription_id,
        holding=Holding(
            symbol=command.symbol,
            side=command.side,
            volume=command.volume,
            price=command.price,
            stop_loss=command.stop_loss,
        ),
        magic=command.magic,
        issued_at=command.issued_at,
        may_come=command.may_come,
    )
