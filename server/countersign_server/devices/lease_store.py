"""Which session may speak for an account: one at a time, for as long as it renews."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    LargeBinary,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.devices.tables import devices, leases

# What changes hands with the lease.
_TAKEN = ("device_id", "session_epoch", "taken_at", "expires_at", "holder")


async def take_lease(  # noqa: PLR0913 - a lease has this many parts
    tx: AsyncConnection,
    *,
    account_id: UUID,
    owner_id: UUID,
    device_id: UUID,
    epoch: bytes,
    now: datetime,
    timeout: timedelta,  # noqa: ASYNC109 - how long the lease holds, not how long to wait
    holder: int = 0,
) -> bool:
    """Take the account's lease for the session `epoch`, or renew the session's own.

    False: another session holds it and has not lapsed, be it of the same device, or the device may
    not serve the account. Of two that come at once, one takes it. `holder` is the presence of the
    process that serves the session: the lease of one that is gone is free at once. 0: it proves
    nothing, and the lease holds until it lapses.
    """
    entitled = select(
        devices.c.account_id,
        devices.c.owner_id,
        devices.c.id,
        literal(epoch, LargeBinary),
        literal(now, DateTime(timezone=True)),
        literal(now + timeout, DateTime(timezone=True)),
        literal(holder, BigInteger),
    ).where(
        devices.c.id == device_id,
        devices.c.account_id == account_id,
        devices.c.owner_id == owner_id,
        devices.c.revoked_at.is_(None),
    )
    taking = insert(leases).from_select(
        ["account_id", "owner_id", *_TAKEN],
        # So that a revocation which is under way comes first, or finds the lease and ends it.
        entitled.with_for_update(key_share=True),
    )
    its_own = and_(leases.c.session_epoch == epoch, leases.c.device_id == device_id)
    # Its process holds this lock for as long as it lives and reaches the database.
    holder_is_gone = and_(leases.c.holder != 0, func.pg_try_advisory_xact_lock(leases.c.holder))
    taken = await tx.execute(
        taking.on_conflict_do_update(
            index_elements=[leases.c.account_id],
            set_={name: taking.excluded[name] for name in _TAKEN},
            where=or_(leases.c.expires_at <= now, its_own, holder_is_gone),
        ).returning(leases.c.account_id)
    )
    return taken.one_or_none() is not None


async def renew_lease(  # noqa: PLR0913 - a lease has this many parts
    tx: AsyncConnection,
    account_id: UUID,
    epoch: bytes,
    now: datetime,
    timeout: timedelta,  # noqa: ASYNC109 - how long the lease holds, not how long to wait
    *,
    holder: int = 0,
) -> bool:
    """Let the session hold the lease for `timeout` from `now`.

    False: it has lapsed, or was ended with its device. Then the session is over: somebody may have
    acted on its silence.
    """
    renewed = await tx.execute(
        update(leases)
        .where(
            leases.c.account_id == account_id,
            leases.c.session_epoch == epoch,
            leases.c.expires_at > now,
        )
        .values(expires_at=now + timeout, holder=holder)
    )
    return renewed.rowcount > 0


async def release_lease(tx: AsyncConnection, account_id: UUID, epoch: bytes) -> None:
    """End the session's lease, so that the next one need not wait. Others' stay."""
    await tx.execute(
        delete(leases).where(leases.c.account_id == account_id, leases.c.session_epoch == epoch)
    )


async def holds_lease(tx: AsyncConnection, account_id: UUID, epoch: bytes, now: datetime) -> bool:
    """Tell whether the session holds the lease now; if it does, it holds it until commit."""
    held = await tx.execute(
        select(leases.c.account_id)
        .where(
            leases.c.account_id == account_id,
            leases.c.session_epoch == epoch,
            leases.c.expires_at > now,
        )
        .with_for_update(read=True)
    )
    return held.one_or_none() is not None


async def is_leased(tx: AsyncConnection, account_id: UUID, now: datetime) -> bool:
    """Tell whether some session speaks for the account now."""
    found = await tx.scalar(
        select(leases.c.account_id).where(
            leases.c.account_id == account_id, leases.c.expires_at > now
        )
    )
    return found is not None
