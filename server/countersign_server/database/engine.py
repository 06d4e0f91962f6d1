"""Transactions: everything a request reads and writes, all or nothing, and for one tenant only."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import QueuePool, Text, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from countersign_server.database.questions import Question, ask

# The tenant of loops and of operators: row-level security lets it see every row.
SYSTEM = "system"

_CLOSING_SECONDS = 2.0

_BIND_TENANT = Question(
    select(func.set_config("countersign.tenant", bindparam("tenant", type_=Text), true()))
)


class Database:
    """The way in to everything that is stored."""

    def __init__(self, url: str, *, connections: int, statement_timeout_ms: int = 10_000) -> None:
        self._tenants = _engine(url, "", connections, statement_timeout_ms)
        # Bound once, when it connects: the hot paths need no statement to say whose rows they see.
        self._system = _engine(url, SYSTEM, connections, statement_timeout_ms)

    @asynccontextmanager
    async def transaction(self, tenant: UUID | None) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that sees the rows of one tenant; None: the rows of all.

        It commits on leaving the block, or rolls back on any exception.
        """
        if tenant is None:
            async with self._system.begin() as connection:
                yield connection
            return
        async with self._tenants.begin() as connection:
            # In one round trip with the transaction's beginning.
            await ask(connection, (_BIND_TENANT, {"tenant": str(tenant)}))
            yield connection

    @property
    def system_engine(self) -> AsyncEngine:
        """The engine whose connections see every row.

        For statements that are a transaction themselves.
        """
        return self._system

    async def close(self) -> None:
        """Close every connection, after a moment for those that calls under way still hold."""
        deadline = asyncio.get_running_loop().time() + _CLOSING_SECONDS
        while self._in_use() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # a pool tells nobody when it is given one back
        await self._tenants.dispose()
        await self._system.dispose()

    def _in_use(self) -> int:
        pools = (self._tenants.pool, self._system.pool)
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))


def _engine(url: str, tenant: str, connections: int, statement_timeout_ms: int) -> AsyncEngine:
    options = (
        f"-c countersign.tenant={tenant} -c timezone=UTC "
        f"-c statement_timeout={statement_timeout_ms} "
        # Whatever the database's default: a grant that is forgotten could be given again.
        "-c synchronous_commit=on "
        "-c idle_in_transaction_session_timeout=30000"
    )
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=3,
        # Errors are logged, and parameters are what callers sent.
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 3, "prepare_threshold": 2},
    )
