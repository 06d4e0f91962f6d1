"""Whether an account may trade, as execution reads it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import accounts


@dataclass(frozen=True, slots=True)
class Trading:
    """The account's trading state. `latch` counts its changes."""

    state: str
    cause: str
    latch: int


async def trading_of(tx: AsyncConnection, account_id: UUID) -> Trading:
    """Return the account's trading state."""
    found = await tx.execute(
        select(accounts.c.trading_state, accounts.c.trading_cause, accounts.c.latch).where(
            accounts.c.id == account_id
        )
    )
    return Trading(*found.one())
