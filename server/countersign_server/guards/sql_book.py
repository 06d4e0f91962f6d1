"""What guards ask of memory, in PostgreSQL: the book that the product runs on."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts import store as accounts_store, switch_store, symbol_store
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.kill_switch import KillSwitch, severity
from countersign_server.accounts.symbol import Quote
from countersign_server.accounts.tables import accounts
from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.execution.report import Report
from countersign_server.execution.sql_book import SqlBook
from countersign_server.guards import closing_store, store
from countersign_server.guards.attempts import Origin, Outcome
from countersign_server.guards.records import Alert, Closing, Happening, Kept, KeptPolicy
from countersign_server.guards.tables import guards
from countersign_server.reconciliation.divergence_store import positions_to_close


class SqlGuards:
    """See `book.Guards`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def enlist(self) -> None:
        await store.enlist(self._tx)

    async def due(self, now: datetime, *, limit: int) -> Sequence[tuple[UUID, UUID]]:
        return await store.due_guards(self._tx, now=now, limit=limit)

    async def held(self, account_id: UUID, owner_id: UUID, *, wait: bool) -> Kept | None:
        return await store.hold_guard(self._tx, account_id, owner_id, wait=wait)

    async def seen(self, account_id: UUID) -> Kept | None:
        return (await store.guards_of(self._tx, [account_id])).get(account_id)

    async def changes(self, account_id: UUID) -> int:
        return await store.changes_of(self._tx, account_id)

    async def save(self, kept: Kept, now: datetime) -> None:
        await store.save_guard(self._tx, kept, now)

    async def policy(self, account_id: UUID, version: int) -> KeptPolicy | None:
        return await store.kept_policy(self._tx, account_id, version)

    async def told(self, account_id: UUID, since: datetime | None) -> Sequence[Report]:
        return await store.told_reports(self._tx, account_id, since)

    async def paid_in(self, account_id: UUID, balance: Decimal) -> Decimal | None:
        return await store.paid_in(self._tx, account_id, balance)


class SqlStory:
    """See `book.Story`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, happening: Happening) -> bool:
        return await closing_store.add_happening(self._tx, happening)

    async def begin(self, alert: Alert) -> bool:
        return await closing_store.begin_alert(self._tx, alert)

    async def going_on(self, account_id: UUID) -> Alert | None:
        return await closing_store.open_alert(self._tx, account_id)

    async def of_trip(self, account_id: UUID, trip: str) -> UUID | None:
        return await closing_store.alert_of_trip(self._tx, account_id, trip)

    async def end(self, account_id: UUID, now: datetime, *, trip: str | None = None) -> None:
        await closing_store.end_alerts(self._tx, account_id, now, trip=trip)


class SqlClosings:
    """See `book.Closings`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, closing: Closing) -> None:
        await closing_store.add_closing(self._tx, closing)

    async def save(self, closing: Closing) -> bool:
        return await closing_store.save_closing(self._tx, closing)

    async def outcomes(self, account_id: UUID, *, since: datetime) -> Sequence[Outcome]:
        return await closing_store.outcomes(self._tx, account_ids=[account_id], since=since)

    async def is_wanted(self, account_id: UUID) -> bool:
        return await closing_store.is_closing_wanted(self._tx, account_id)

    async def diverged(self, account_id: UUID) -> frozenset[int]:
        return await positions_to_close(self._tx, account_id)

    async def origins(self, account_id: UUID, *, magics: Collection[int]) -> Sequence[Origin]:
        return await closing_store.origins(self._tx, account_id, magics=magics)

    async def fingerprints(self, account_id: UUID, symbols: Collection[str]) -> Mapping[str, str]:
        return await closing_store.fingerprints(self._tx, account_id, symbols)

    async def instrument(self, account_id: UUID, symbol: str) -> str | None:
        return await symbol_store.instrument_of(self._tx, account_id, symbol)


class SqlStandings:
    """See `book.Standings`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def seen(self, account_id: UUID) -> Account | None:
        return await accounts_store.account(self._tx, account_id)

    async def set_trading_state(
        self, account_id: UUID, *, state: TradingState, cause: str, now: datetime, trace: Trace
    ) -> Account:
        return await accounts_store.set_trading_state(
            self._tx, account_id, state=state, cause=cause, now=now, trace=trace
        )

    async def hold_freer(
        self, state: TradingState, *, cause: str, now: datetime
    ) -> Sequence[Account]:
        freer = [one.value for one in TradingState if severity(one) < severity(state)]
        changed = await self._tx.execute(
            update(accounts)
            .where(accounts.c.trading_state.in_(freer))
            .values(
                trading_state=state,
                trading_cause=cause,
                trading_since=now,
                latch=accounts.c.latch + 1,
            )
            .returning(accounts)
        )
        return [accounts_store.account_of(row) for row in changed]

    async def quote(self, account_id: UUID, symbol: str) -> Quote | None:
        return await symbol_store.quote_of(self._tx, account_id, symbol)


class SqlSwitches:
    """See `book.Switches`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def holding(self) -> Sequence[KillSwitch]:
        return await switch_store.switches_that_hold(self._tx)

    async def seen(self, switch_id: UUID) -> KillSwitch | None:
        return await switch_store.switch_seen(self._tx, switch_id)

    async def held(self, switch_id: UUID) -> KillSwitch | None:
        return await switch_store.switch_for_update(self._tx, switch_id)

    async def add(self, switch: KillSwitch) -> None:
        await switch_store.add_switch(self._tx, switch)

    async def release(self, switch_id: UUID, now: datetime) -> None:
        await switch_store.release_switch(self._tx, switch_id, now)

    async def set_producer_state(self, producer_id: UUID, state: TradingState) -> None:
        await switch_store.set_producer_state(self._tx, producer_id, state)

    async def have_all_looked_at(self, now: datetime) -> None:
        every = select(accounts.c.id, accounts.c.owner_id)
        await self._tx.execute(
            insert(guards).from_select(["account_id", "owner_id"], every).on_conflict_do_nothing()
        )
        in_order = select(guards.c.account_id).order_by(guards.c.account_id)
        await self._tx.execute(in_order.with_for_update())
        await self._tx.execute(update(guards).values(due_at=now))


class SqlGuardBook:
    """See `book.GuardBook`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self.execution = SqlBook(tx)
        self.guards = SqlGuards(tx)
        self.story = SqlStory(tx)
        self.closings = SqlClosings(tx)
        self.standings = SqlStandings(tx)
        self.switches = SqlSwitches(tx)


class SqlGuardBooks:
    """See `book.GuardBooks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, owner: UUID | None) -> AsyncGenerator[SqlGuardBook]:
        async with self._database.transaction(owner) as tx:
            yield SqlGuardBook(tx)
