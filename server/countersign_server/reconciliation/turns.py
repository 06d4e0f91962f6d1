"""Whose turn it is to be compared, shared by any number of server processes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import snapshots
from countersign_server.execution.tables import deals
from countersign_server.reconciliation.breaker import Breaker
from countersign_server.reconciliation.tables import reconciliations

# Whoever holds a turn and has not ended it by then has died; another takes it.
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How an account stands, and the right to compare it."""

    account_id: UUID
    owner_id: UUID
    lease_id: UUID | None  # names the run, and whose turn it is; None: nobody's
    leased_until: datetime | None
    due_at: datetime
    breaker: Breaker
    session_epoch: bytes
    snapshot_at: datetime | None  # when the snapshot was stored that was compared last
    agreed_sha256: bytes  # of what the terminal held when book and terminal agreed; empty: not
    agreed_until: datetime | None
    looked_at: datetime | None
    deals_at: datetime | None  # deals stored before have been looked at
    run_id: UUID | None  # the newest run
    statement_due_at: datetime | None
    statement_difference: Decimal | None  # None: never compared


async def enlist(tx: AsyncConnection, now: datetime) -> None:
    """Give every account that has a snapshot its turns."""
    seen = select(snapshots.c.account_id, snapshots.c.owner_id, literal(now)).where(
        ~exists().where(reconciliations.c.account_id == snapshots.c.account_id)
    )
    await tx.execute(
        insert(reconciliations)
        .from_select(["account_id", "owner_id", "due_at"], seen)
        .on_conflict_do_nothing()
    )


async def enlist_account(
    tx: AsyncConnection, account_id: UUID, owner_id: UUID, now: datetime
) -> None:
    """Give one account its turns, whether it was ever read or not."""
    await tx.execute(
        insert(reconciliations)
        .values(account_id=account_id, owner_id=owner_id, due_at=now)
        .on_conflict_do_nothing()
    )


async def take_turns(
    tx: AsyncConnection, *, limit: int, now: datetime, only: UUID | None = None
) -> Sequence[Turn]:
    """Take the turns that are due, the longest waiting first; nobody else gets them meanwhile.

    Due is an account after its period, at once when its bridge has connected anew or a deal has
    come, and not while its breaker is open. `only`: that account, due or not.
    """
    mine = reconciliations
    is_free = or_(mine.c.leased_until.is_(None), mine.c.leased_until <= now)
    question = select(mine.c.account_id).where(is_free)
    if only is not None:
        question = question.where(mine.c.account_id == only)
    else:
        question = question.where(
            or_(mine.c.paused_until.is_(None), mine.c.paused_until <= now),
            or_(mine.c.due_at <= now, _has_news()),
        ).order_by(mine.c.due_at)
    due = question.limit(limit).with_for_update(skip_locked=True)
    taken = await tx.execute(
        update(mine)
        .where(mine.c.account_id.in_(due.scalar_subquery()))
        .values(lease_id=func.gen_random_uuid(), leased_until=now + LEASE)
        .returning(mine)
    )
    return [turn_of(row) for row in taken]


async def end_turn(
    tx: AsyncConnection,
    account_id: UUID,
    *,
    lease_id: UUID,
    due_at: datetime,
    **facts: Any,  # noqa: ANN401  # columns of the row
) -> bool:
    """Give a turn back; False: it was lost meanwhile, and nothing of it may be kept."""
    ended = await tx.execute(
        update(reconciliations)
        .where(reconciliations.c.account_id == account_id, reconciliations.c.lease_id == lease_id)
        .values(lease_id=None, leased_until=None, due_at=due_at, **facts)
        .returning(reconciliations.c.account_id)
    )
    return ended.one_or_none() is not None


async def has_new_deals(tx: AsyncConnection, turn: Turn) -> bool:
    """Tell whether a deal has come since the last look."""
    if turn.looked_at is None:
        return True
    mine = (deals.c.account_id == turn.account_id) & (deals.c.received_at > turn.looked_at)
    return bool(await tx.scalar(select(exists().where(mine))))


async def turns_of(tx: AsyncConnection, account_ids: Collection[UUID]) -> Mapping[UUID, Turn]:
    """Return how accounts stand; one that was never compared is not in it."""
    found = await tx.execute(
        select(reconciliations).where(reconciliations.c.account_id.in_(account_ids))
    )
    return {row.account_id: turn_of(row) for row in found}


def turn_of(row: Row[Any]) -> Turn:
    return Turn(
        account_id=row.account_id,
        owner_id=row.owner_id,
        lease_id=row.lease_id,
        leased_until=row.leased_until,
        due_at=row.due_at,
        breaker=Breaker(row.failures, row.paused_until),
        session_epoch=bytes(row.session_epoch),
        snapshot_at=row.snapshot_at,
        agreed_sha256=bytes(row.agreed_sha256),
        agreed_until=row.agreed_until,
        looked_at=row.looked_at,
        deals_at=row.deals_at,
        run_id=row.run_id,
        statement_due_at=row.statement_due_at,
        statement_difference=row.statement_difference,
    )


def _has_news() -> Any:  # noqa: ANN401  # a condition
    """Whether the bridge has connected anew, or a deal has come, since the last look."""
    mine = reconciliations
    return or_(
        exists().where(
            and_(
                snapshots.c.account_id == mine.c.account_id,
                snapshots.c.session_epoch != mine.c.session_epoch,
            )
        ),
        exists().where(
            and_(
                deals.c.account_id == mine.c.account_id,
                deals.c.received_at > mine.c.looked_at,
            )
        ),
    )
