"""A connection of one's own, for statements that are a transaction each, one after the other.

The pool's check-out, its begin and its roll-back cost more than such a statement itself.
"""

from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.abc import Params
from sqlalchemy import make_url

from countersign_server.database.arrays import Array, ArrayDumper
from countersign_server.database.engine import SYSTEM


class Line:
    """One connection outside the pool, opened when it is needed and anew when it broke.

    It sees every row.
    """

    def __init__(self, url: str, *, statement_timeout_ms: int = 10_000) -> None:
        self._address = (
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._options = (
            f"-c countersign.tenant={SYSTEM} -c timezone=UTC "
            f"-c statement_timeout={statement_timeout_ms} -c synchronous_commit=on"
        )
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None

    async def execute(self, statement: bytes, parameters: Params) -> list[tuple[Any, ...]]:
        """Run one statement, which is committed when this returns, and return its rows.

        After any error but one that the database itself told, the next call connects anew. Raises
        psycopg.Error.
        """
        connection = self._connection or await self._connected()
        try:
            cursor = await connection.execute(statement, parameters, prepare=True)
            return await cursor.fetchall()
        except BaseException as error:
            told = isinstance(error, Exception) and not isinstance(error, OperationalError)
            if not told or connection.closed:
                await self.close()
            raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> AsyncConnection[tuple[Any, ...]]:
        connection = await AsyncConnection.connect(
            self._address, autocommit=True, options=self._options, connect_timeout=3
        )
        connection.adapters.register_dumper(Array, ArrayDumper)
        self._connection = connection
        return connection
