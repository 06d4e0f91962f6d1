"""Accounts and devices in PostgreSQL, as execution needs them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.store import account_for_update, save_snapshot, snapshot_of
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.accounts.symbol_store import save_symbol_report
from countersign_server.accounts.tables import account_symbols, accounts
from countersign_server.audit.entries import Trace
from countersign_server.database.questions import Question, ask
from countersign_server.devices.device import Device, TerminalHealth
from countersign_server.devices.lease_store import (
    holds_lease,
    release_lease,
    renew_lease,
    take_lease,
)
from countersign_server.devices.store import device_locked, touch
from countersign_server.execution.symbols import MappedSymbol

# Asked by `sql_book`, together with others.
TRADING = Question(
    select(accounts.c.trading_state, accounts.c.trading_cause, accounts.c.latch).where(
        accounts.c.id == bindparam("account_id")
    )
)
SYMBOLS = Question(
    select(account_symbols.c.instrument, account_symbols.c.symbol, account_symbols.c.fingerprint)
    .where(account_symbols.c.account_id == bindparam("account_id"))
    .order_by(account_symbols.c.instrument)
)


class SqlAccounts:
    """See `book.Accounts`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def held(self, account_id: UUID) -> Account | None:
        # Not against foreign keys, which fan-out checks for many accounts at once.
        return await account_for_update(self._tx, account_id)

    async def set_generation(self, account_id: UUID, generation: int) -> None:
        await self._tx.execute(
            update(accounts).where(accounts.c.id == account_id).values(generation=generation)
        )

    async def symbols(self, account_id: UUID) -> Sequence[MappedSymbol]:
        (found,) = await ask(self._tx, (SYMBOLS, {"account_id": account_id}))
        return [MappedSymbol(*row) for row in found]

    async def snapshot(self, account_id: UUID) -> Snapshot | None:
        return await snapshot_of(self._tx, account_id)

    async def save_snapshot(self, snapshot: Snapshot) -> bool:
        return await save_snapshot(self._tx, snapshot)

    async def save_symbol_report(  # noqa: PLR0913  # a report, whose it is, and who sent it when
        self,
        *,
        owner_id: UUID,
        account_id: UUID,
        properties: Sequence[SymbolProperties],
        quotes: Sequence[Quote],
        now: datetime,
        trace: Trace,
    ) -> Sequence[str]:
        return await save_symbol_report(
            self._tx,
            owner_id=owner_id,
            account_id=account_id,
            properties=properties,
            quotes=quotes,
            now=now,
            trace=trace,
        )


class SqlDevices:
    """See `book.Devices`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def held(self, device_id: UUID) -> Device | None:
        return await device_locked(self._tx, device_id)

    async def touch(
        self,
        device_id: UUID,
        now: datetime,
        *,
        agent_version: str | None = None,
        terminal: TerminalHealth | None = None,
    ) -> None:
        await touch(self._tx, device_id, now, agent_version=agent_version, terminal=terminal)

    async def take_lease(  # noqa: PLR0913  # a lease has this many parts
        self,
        *,
        account_id: UUID,
        owner_id: UUID,
        device_id: UUID,
        epoch: bytes,
        now: datetime,
        lasting: timedelta,
        holder: int = 0,
    ) -> bool:
        return await take_lease(
            self._tx,
            account_id=account_id,
            owner_id=owner_id,
            device_id=device_id,
            epoch=epoch,
            now=now,
            timeout=lasting,
            holder=holder,
        )

    async def renew_lease(
        self,
        account_id: UUID,
        epoch: bytes,
        now: datetime,
        *,
        lasting: timedelta,
        holder: int = 0,
    ) -> bool:
        return await renew_lease(self._tx, account_id, epoch, now, lasting, holder=holder)

    async def release_lease(self, account_id: UUID, epoch: bytes) -> None:
        await release_lease(self._tx, account_id, epoch)

    async def holds_lease(self, account_id: UUID, epoch: bytes, now: datetime) -> bool:
        return await holds_lease(self._tx, account_id, epoch, now)
