"""The book in PostgreSQL: the one that the product runs on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.questions import ask
from countersign_server.errors import Invalid
from countersign_server.execution.command import Command
from countersign_server.execution.glance import Glance
from countersign_server.execution.opening_pace import OpeningPace
from countersign_server.execution.sql_accounts import SYMBOLS, TRADING, SqlAccounts, SqlDevices
from countersign_server.execution.sql_commands import NOT_OVER, SqlCommands, command_of
from countersign_server.execution.sql_pace import opening_pace
from countersign_server.execution.sql_records import SqlDeals, SqlReports, SqlSettlements
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.execution.trading import Trading


class SqlBook:
    """See `book.Book`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx
        self.commands = SqlCommands(tx)
        self.reports = SqlReports(tx)
        self.settlements = SqlSettlements(tx)
        self.deals = SqlDeals(tx)
        self.accounts = SqlAccounts(tx)
        self.devices = SqlDevices(tx)

    async def glance(self, account_id: UUID) -> Glance:
        by_account = {"account_id": account_id}
        (trading,), symbols, not_over = await ask(
            self._tx, (TRADING, by_account), (SYMBOLS, by_account), (NOT_OVER, by_account)
        )
        return Glance(
            trading=Trading(*trading),
            symbols=[MappedSymbol(*row) for row in symbols],
            not_over=[command_of(row) for row in not_over],
        )

    async def opening_pace(self, command: Command, now: datetime) -> OpeningPace:
        return await opening_pace(self._tx, command, now)

    async def record(self, *entries: Entry) -> None:
        await record(self._tx, *entries)


class SqlBooks:
    """See `book.Books`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, owner: UUID | None) -> AsyncGenerator[SqlBook]:
        try:
            async with self._database.transaction(owner) as tx:
                yield SqlBook(tx)
        except DataError as error:
            raise Invalid("it holds a value that cannot be stored") from error
