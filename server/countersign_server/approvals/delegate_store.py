"""Delegates, in the database. Both see their row: the owner of the account, and the delegate."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.delegate import Delegate
from countersign_server.approvals.delegate_tables import delegates

_ALL = select(delegates)
_HOLDS = delegates.c.revoked_at.is_(None)


async def add_delegate(tx: AsyncConnection, added: Delegate) -> bool:
    """Keep a delegate; False: the user decides for the account already."""
    statement = insert(delegates).values(**asdict(added)).on_conflict_do_nothing()
    # Of an INSERT the driver's count of rows is not kept; what is returned is.
    kept = await tx.execute(statement.returning(delegates.c.id))
    return kept.one_or_none() is not None


async def delegate(tx: AsyncConnection, delegate_id: UUID) -> Delegate | None:
    """Return one delegate; None: there is none that the transaction may see."""
    found = await tx.execute(_ALL.where(delegates.c.id == delegate_id))
    row = found.mappings().one_or_none()
    return None if row is None else Delegate(**row)


async def holding_delegate(
    tx: AsyncConnection, *, account_id: UUID, user_id: UUID
) -> Delegate | None:
    """Return by what the user decides for the account; it cannot end before this transaction has.

    None: the user does not.
    """
    asked = _ALL.where(
        delegates.c.account_id == account_id, delegates.c.user_id == user_id, _HOLDS
    ).with_for_update(read=True)
    row = (await tx.execute(asked)).mappings().one_or_none()
    return None if row is None else Delegate(**row)


async def delegates_of_account(tx: AsyncConnection, account_id: UUID) -> int:
    """Return how many decide for the account beside its owner."""
    held = select(func.count()).where(delegates.c.account_id == account_id, _HOLDS)
    return await tx.scalar(held) or 0


async def held_by(tx: AsyncConnection, user_id: UUID, limit: int) -> Sequence[Delegate]:
    """Return for which accounts the user decides, the newest first."""
    asked = _ALL.where(delegates.c.user_id == user_id, _HOLDS)
    found = await tx.execute(asked.order_by(delegates.c.id.desc()).limit(limit))
    return [Delegate(**row) for row in found.mappings()]


async def list_delegates(
    tx: AsyncConnection, *, account_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Delegate]:
    """Return the newest first, also those that ended."""
    asked = _ALL.order_by(delegates.c.id.desc()).limit(limit)
    if account_id:
        asked = asked.where(delegates.c.account_id == account_id)
    if before:
        asked = asked.where(delegates.c.id < before)
    return [Delegate(**row) for row in (await tx.execute(asked)).mappings()]


async def revoke_delegate(tx: AsyncConnection, delegate_id: UUID, now: datetime) -> bool:
    """End it; False: it had ended."""
    ended = update(delegates).where(delegates.c.id == delegate_id, _HOLDS).values(revoked_at=now)
    return (await tx.execute(ended)).rowcount == 1
