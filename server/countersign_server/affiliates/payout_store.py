"""Payouts, in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates.payout import UNDER_WAY, Payout, PayoutState
from countersign_server.affiliates.tables import payouts


async def add_payout(tx: AsyncConnection, added: Payout) -> None:
    await tx.execute(insert(payouts).values(asdict(added)))


async def payout_of_request(tx: AsyncConnection, owner_id: UUID, request_id: UUID) -> Payout | None:
    """Return what a request was answered with; None: it is new."""
    asked = select(payouts).where(
        payouts.c.owner_id == owner_id, payouts.c.request_id == request_id
    )
    return _payout((await tx.execute(asked)).one_or_none())


async def payout_held(tx: AsyncConnection, payout_id: UUID) -> Payout | None:
    """Return a payout that nobody else decides until the transaction has ended."""
    asked = select(payouts).where(payouts.c.id == payout_id).with_for_update()
    return _payout((await tx.execute(asked)).one_or_none())


async def payouts_under_way(tx: AsyncConnection, owner_id: UUID) -> int:
    """Return how many of an affiliate's payouts have not ended."""
    counted = select(func.count()).where(
        payouts.c.owner_id == owner_id, payouts.c.state.in_(UNDER_WAY)
    )
    return await tx.scalar(counted) or 0


async def save_payout(tx: AsyncConnection, payout: Payout) -> None:
    """Keep where a held payout stands now."""
    await tx.execute(
        update(payouts)
        .where(payouts.c.id == payout.id)
        .values(
            state=payout.state,
            updated_at=payout.updated_at,
            reference=payout.reference,
            reason=payout.reason,
        )
    )


async def list_payouts(
    tx: AsyncConnection, *, states: Sequence[PayoutState], before: UUID | None, limit: int
) -> Sequence[Payout]:
    """Return payouts that the transaction may see, newest first; no states: of all."""
    asked = select(payouts).order_by(payouts.c.id.desc()).limit(limit)
    if states:
        asked = asked.where(payouts.c.state.in_(states))
    if before is not None:
        asked = asked.where(payouts.c.id < before)
    return [found for row in await tx.execute(asked) if (found := _payout(row))]


def _payout(row: Row[Any] | None) -> Payout | None:
    if row is None:
        return None
    return Payout(
        id=row.id,
        owner_id=row.owner_id,
        request_id=row.request_id,
        content_digest=bytes(row.content_digest),
        amount=row.amount,
        currency=row.currency,
        state=PayoutState(row.state),
        bank_details_sealed=bytes(row.bank_details_sealed),
        bank_account_hint=row.bank_account_hint,
        created_at=row.created_at,
        updated_at=row.updated_at,
        reference=row.reference,
        reason=row.reason,
    )
