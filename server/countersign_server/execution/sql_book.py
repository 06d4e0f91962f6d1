"""The book in PostgreSQL: the one that the product runs on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.errors import Invalid
from countersign_server.execution.sql_accounts import SqlAccounts, SqlDevices
from countersign_server.execution.sql_commands import SqlCommands
from countersign_server.execution.sql_records import SqlDeals, SqlReports


class SqlBook:
    """See `book.Book`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx
        self.commands = SqlCommands(tx)
        self.reports = SqlReports(tx)
        self.deals = SqlDeals(tx)
        self.accounts = SqlAccounts(tx)
        self.devices = SqlDevices(tx)

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
