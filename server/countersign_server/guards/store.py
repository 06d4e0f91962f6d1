"""Guards and their policies in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, or_, select, text as sql, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_guards.state import GuardState
from countersign_guards.state_text import parse_state, whole_state_text
from countersign_server.accounts.account import TradingState
from countersign_server.accounts.tables import accounts, snapshots
from countersign_server.execution.report import Report
from countersign_server.execution.sql_records import report_of
from countersign_server.execution.tables import GUARD_REPORTS, command_reports, deals
from countersign_server.guards.records import DEFAULT_VERSION, Kept, KeptPolicy, PaidIn
from countersign_server.guards.tables import guard_policies, guards

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Transactions do not commit in the order of their times: reports are looked at again for so long.
_OVERLAP = timedelta(seconds=30)
_BALANCE = 2  # MetaTrader's DEAL_TYPE of deposits and withdrawals
_CREDIT = 3
_POLICY = [field.name for field in fields(KeptPolicy)]


async def enlist(tx: AsyncConnection) -> None:
    """Give a guard to every account that was ever seen and has none."""
    seen = select(snapshots.c.account_id, snapshots.c.owner_id).where(
        ~exists().where(guards.c.account_id == snapshots.c.account_id)
    )
    await tx.execute(
        insert(guards).from_select(["account_id", "owner_id"], seen).on_conflict_do_nothing()
    )


async def due_guards(
    tx: AsyncConnection, *, now: datetime, limit: int
) -> Sequence[tuple[UUID, UUID]]:
    """Return the accounts, with their owners, of which a guard has something to look at."""
    found = await tx.execute(
        select(guards.c.account_id, guards.c.owner_id)
        .join_from(guards, snapshots, snapshots.c.account_id == guards.c.account_id, isouter=True)
        .where(
            or_(
                snapshots.c.received_at > func.coalesce(guards.c.viewed_at, _EVER),
                guards.c.due_at <= now,
            )
        )
        .order_by(snapshots.c.received_at)
        .limit(limit)
    )
    return [(row.account_id, row.owner_id) for row in found]


async def hold_guard(
    tx: AsyncConnection, account_id: UUID, owner_id: UUID, *, wait: bool
) -> Kept | None:
    """Return an account's guard and hold it until the commit.

    None: another process has it, which cannot be if this one waits.
    """
    await tx.execute(
        insert(guards).values(account_id=account_id, owner_id=owner_id).on_conflict_do_nothing()
    )
    found = await tx.execute(
        select(guards)
        .where(guards.c.account_id == account_id)
        .with_for_update(skip_locked=not wait)
    )
    row = found.one_or_none()
    return None if row is None else _kept(row)


async def guards_of(tx: AsyncConnection, account_ids: Collection[UUID]) -> Mapping[UUID, Kept]:
    """Return guards without holding them; an account that was never seen is not in it."""
    found = await tx.execute(select(guards).where(guards.c.account_id.in_(account_ids)))
    return {row.account_id: _kept(row) for row in found}


async def guards_and_states(
    tx: AsyncConnection, account_ids: Collection[UUID]
) -> Mapping[UUID, tuple[Kept, TradingState]]:
    """Return guards and what their accounts may do, as both stood at one moment."""
    found = await tx.execute(
        select(guards, accounts.c.trading_state)
        .join(accounts, accounts.c.id == guards.c.account_id)
        .where(guards.c.account_id.in_(account_ids))
    )
    return {row.account_id: (_kept(row), TradingState(row.trading_state)) for row in found}


async def save_guard(tx: AsyncConnection, kept: Kept, now: datetime) -> None:
    paid = kept.paid
    await tx.execute(
        update(guards)
        .where(guards.c.account_id == kept.account_id)
        .values(
            memory=whole_state_text(kept.state),
            policy_version=kept.policy_version,
            changes=kept.changes,
            viewed_at=kept.viewed_at,
            due_at=kept.due_at,
            told_until=kept.told_until,
            paid_balance=paid.balance if paid else None,
            paid_in=paid.amount if paid else None,
            paid_at=paid.at if paid else None,
            kept_at=now,
        )
    )


async def changes_of(tx: AsyncConnection, account_id: UUID) -> int:
    """Return how often latch or policy of an account's guard have changed."""
    found = await tx.scalar(select(guards.c.changes).where(guards.c.account_id == account_id))
    return found or 0


async def add_policy(tx: AsyncConnection, policy: KeptPolicy) -> None:
    await tx.execute(
        insert(guard_policies).values({name: getattr(policy, name) for name in _POLICY})
    )


async def kept_policy(tx: AsyncConnection, account_id: UUID, version: int) -> KeptPolicy | None:
    """Return a policy that was set; None: there is none of that version."""
    if version == DEFAULT_VERSION:
        return None
    found = await tx.execute(
        select(guard_policies).where(
            guard_policies.c.account_id == account_id, guard_policies.c.version == version
        )
    )
    row = found.one_or_none()
    return _policy(row) if row else None


async def kept_policies(
    tx: AsyncConnection, guarded: Collection[Kept]
) -> Mapping[UUID, KeptPolicy]:
    """Return the policies in force of guards; where its owner set none, an account is not in it."""
    key = tuple_(guard_policies.c.account_id, guard_policies.c.version)
    wanted = [(one.account_id, one.policy_version) for one in guarded]
    found = await tx.execute(select(guard_policies).where(key.in_(wanted)))
    return {row.account_id: _policy(row) for row in found}


async def paid_in(tx: AsyncConnection, account_id: UUID, balance: Decimal) -> Decimal | None:
    """Return what was paid in less what was taken out; None: the deals are not the balance."""
    money = deals.c.profit + deals.c.commission + deals.c.swap + deals.c.fee
    row = (
        await tx.execute(
            select(
                func.coalesce(func.sum(money).filter(deals.c.type != _CREDIT), 0).label("whole"),
                func.coalesce(func.sum(money).filter(deals.c.type == _BALANCE), 0).label("paid"),
            ).where(deals.c.account_id == account_id)
        )
    ).one()
    return Decimal(row.paid) if Decimal(row.whole) == balance else None


async def told_reports(
    tx: AsyncConnection, account_id: UUID, since: datetime | None
) -> Sequence[Report]:
    """Return what the bridge's guard told after `since`, and some that it told before; in order."""
    found = await tx.execute(
        select(command_reports)
        .where(
            command_reports.c.account_id == account_id,
            # Written out: the index holds these only.
            sql(GUARD_REPORTS),
            command_reports.c.received_at > (since - _OVERLAP if since else _EVER),
        )
        .order_by(command_reports.c.received_at, command_reports.c.event_time)
    )
    return [report_of(row) for row in found]


def _policy(row: Row[Any]) -> KeptPolicy:
    return KeptPolicy(**{name: getattr(row, name) for name in _POLICY})


def _kept(row: Row[Any]) -> Kept:
    paid = None
    if row.paid_balance is not None:
        paid = PaidIn(row.paid_balance, row.paid_in, row.paid_at)
    return Kept(
        account_id=row.account_id,
        owner_id=row.owner_id,
        state=parse_state(row.memory) if row.memory else GuardState(),
        policy_version=row.policy_version,
        changes=row.changes,
        viewed_at=row.viewed_at,
        due_at=row.due_at,
        told_until=row.told_until,
        kept_at=row.kept_at,
        paid=paid,
    )
