"""Accounts, whether they may trade, and what they were worth when last read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import (
    Account,
    AccountLimits,
    Funds,
    MarginMode,
    Snapshot,
    TradingState,
)
from countersign_server.accounts.tables import accounts, snapshots
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.errors import NotFound

_LIMITS = tuple(field.name for field in fields(AccountLimits))


async def add_account(tx: AsyncConnection, account: Account) -> bool:
    """Store an account and return True; False if its owner has one of that server and login."""
    added = await tx.execute(
        insert(accounts)
        .values(_row_of(account))
        .on_conflict_do_nothing(constraint="one_account_per_owner_and_login")
        .returning(accounts.c.id)
    )
    return added.one_or_none() is not None


async def account(tx: AsyncConnection, account_id: UUID) -> Account | None:
    """Return an account that the transaction may see, or None."""
    found = await tx.execute(select(accounts).where(accounts.c.id == account_id))
    row = found.one_or_none()
    return None if row is None else account_of(row)


async def account_for_update(tx: AsyncConnection, account_id: UUID) -> Account | None:
    """Return an account and hold it until the commit: changes of it come one after another."""
    found = await tx.execute(
        select(accounts).where(accounts.c.id == account_id).with_for_update(key_share=True)
    )
    row = found.one_or_none()
    return None if row is None else account_of(row)


async def account_by_login(
    tx: AsyncConnection, owner_id: UUID, *, server: str, login: int
) -> Account | None:
    found = await tx.execute(
        select(accounts).where(
            accounts.c.owner_id == owner_id,
            accounts.c.server == server,
            accounts.c.login == login,
        )
    )
    row = found.one_or_none()
    return None if row is None else account_of(row)


async def list_accounts(
    tx: AsyncConnection, *, before: UUID | None, limit: int
) -> Sequence[Account]:
    """Return up to `limit` accounts made before the one named, newest first."""
    question = select(accounts).order_by(accounts.c.id.desc()).limit(limit)
    if before is not None:
        question = question.where(accounts.c.id < before)
    return [account_of(row) for row in await tx.execute(question)]


async def accounts_of(tx: AsyncConnection, owner_ids: Collection[UUID]) -> Sequence[Account]:
    """Return every account of some owners."""
    found = await tx.execute(select(accounts).where(accounts.c.owner_id.in_(owner_ids)))
    return [account_of(row) for row in found]


async def save_account(tx: AsyncConnection, account: Account) -> None:
    """Store what an owner may change of an account: its names, limits and demands."""
    await tx.execute(
        update(accounts)
        .where(accounts.c.id == account.id)
        .values(
            name=account.name,
            broker=account.broker,
            owner_signature_required=account.owner_signature_required,
            **asdict(account.limits),
        )
    )


async def set_trading_state(  # noqa: PLR0913  # the state, and everything its audit tells
    tx: AsyncConnection,
    account_id: UUID,
    *,
    state: TradingState,
    cause: str,
    now: datetime,
    trace: Trace,
) -> Account:
    """Set whether an account may trade, and why not; write it to the audit; return the account.

    A repeat changes nothing. Ring "account:<id>" after the commit. Raises NotFound.
    """
    before = await account_for_update(tx, account_id)
    if before is None:
        raise NotFound(f"no account {account_id}", account_id=str(account_id))
    if (before.trading_state, before.trading_cause) == (state, cause):
        return before
    changed = await tx.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(trading_state=state, trading_cause=cause, trading_since=now, latch=before.latch + 1)
        .returning(accounts)
    )
    after = account_of(changed.one())
    entry = Entry(
        kind="account.trading_state_changed",
        subject=f"account:{account_id}",
        event_time=now,
        trace=trace,
        owner_id=after.owner_id,
        account_id=account_id,
        before={"state": before.trading_state, "cause": before.trading_cause},
        after={"state": state, "cause": cause, "latch": after.latch},
    )
    await record(tx, entry)
    return after


async def save_snapshot(tx: AsyncConnection, snapshot: Snapshot) -> bool:
    """Keep `snapshot` as the account's newest; False if a newer one of its session is kept."""
    values = asdict(snapshot)
    fresh = insert(snapshots).values(values)
    kept = await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[snapshots.c.account_id],
            set_={name: fresh.excluded[name] for name in values if name != "account_id"},
            where=or_(
                snapshots.c.session_epoch != fresh.excluded.session_epoch,
                snapshots.c.revision < fresh.excluded.revision,
            ),
        ).returning(snapshots.c.account_id)
    )
    return kept.one_or_none() is not None


async def snapshot_of(tx: AsyncConnection, account_id: UUID) -> Snapshot | None:
    """Return what an account's terminal showed last; None: nothing yet."""
    found = await tx.execute(select(snapshots).where(snapshots.c.account_id == account_id))
    row = found.one_or_none()
    return None if row is None else _snapshot(row)


async def snapshots_of(
    tx: AsyncConnection,
    *,
    account_id: UUID | None = None,
    account_ids: Collection[UUID] | None = None,
    limit: int,
) -> Sequence[tuple[Snapshot, str]]:
    """Return each account's newest snapshot and the account's currency, newest account first.

    Neither one account nor several named: of every account that the transaction may see.
    """
    question = (
        select(snapshots, accounts.c.currency)
        .join(accounts, accounts.c.id == snapshots.c.account_id)
        .order_by(snapshots.c.account_id.desc())
        .limit(limit)
    )
    if account_id is not None:
        question = question.where(snapshots.c.account_id == account_id)
    if account_ids is not None:
        question = question.where(snapshots.c.account_id.in_(account_ids))
    return [(_snapshot(row), row.currency) for row in await tx.execute(question)]


async def snapshot_times(
    tx: AsyncConnection, *, account_id: UUID | None, limit: int
) -> Mapping[UUID, datetime]:
    """Return when each account's newest snapshot was stored; one never read is not in it."""
    question = (
        select(snapshots.c.account_id, snapshots.c.received_at)
        .order_by(snapshots.c.account_id.desc())
        .limit(limit)
    )
    if account_id is not None:
        question = question.where(snapshots.c.account_id == account_id)
    return {row.account_id: row.received_at for row in await tx.execute(question)}


async def funds_of(tx: AsyncConnection, account_ids: Collection[UUID]) -> Mapping[UUID, Funds]:
    """Return what the accounts were worth when they were last read; one never read is not in it."""
    found = await tx.execute(
        select(
            snapshots.c.account_id, snapshots.c.balance, snapshots.c.equity, snapshots.c.event_time
        ).where(snapshots.c.account_id.in_(account_ids))
    )
    return {row.account_id: Funds(row.balance, row.equity, row.event_time) for row in found}


def account_of(row: Row[Any]) -> Account:
    """Return the account in a row of the accounts table."""
    return Account(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        broker=row.broker,
        server=row.server,
        login=row.login,
        currency=row.currency,
        margin_mode=MarginMode(row.margin_mode),
        demo=row.demo,
        limits=AccountLimits(**{name: getattr(row, name) for name in _LIMITS}),
        owner_signature_required=row.owner_signature_required,
        trading_state=TradingState(row.trading_state),
        trading_cause=row.trading_cause,
        trading_since=row.trading_since,
        latch=row.latch,
        generation=row.generation,
        created_at=row.created_at,
    )


def _row_of(account: Account) -> dict[str, Any]:
    row = asdict(account)
    return row | row.pop("limits")


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        account_id=row.account_id,
        owner_id=row.owner_id,
        session_epoch=row.session_epoch,
        revision=row.revision,
        balance=row.balance,
        equity=row.equity,
        body=row.body,
        connected=row.connected,
        event_time=row.event_time,
        received_at=row.received_at,
    )
