"""Owners' keys, and the challenges that they sign to be registered."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.identity.owner_key import KeyAlgorithm, OwnerKey
from countersign_server.identity.tables import owner_key_challenges, owner_keys

_OWNER_KEY = select(*(owner_keys.c[field.name] for field in fields(OwnerKey)))


async def add_owner_key(tx: AsyncConnection, key: OwnerKey) -> None:
    await tx.execute(insert(owner_keys).values(asdict(key)))


async def owner_key(tx: AsyncConnection, owner_id: UUID, key_id: str) -> OwnerKey | None:
    """Return a key of this owner, revoked or not; None: the owner has no such key."""
    return await _one(tx, _of(owner_id, key_id))


async def owner_key_locked(tx: AsyncConnection, owner_id: UUID, key_id: str) -> OwnerKey | None:
    """Return a key of this owner, which nobody else changes until this transaction has ended."""
    return await _one(tx, _of(owner_id, key_id).with_for_update())


async def list_owner_keys(tx: AsyncConnection, owner_id: UUID, *, limit: int) -> list[OwnerKey]:
    """Return the keys in force and the newest of the revoked ones, newest first."""
    in_force_first = (owner_keys.c.revoked_at.isnot(None), owner_keys.c.created_at.desc())
    found = await tx.execute(
        _OWNER_KEY.where(owner_keys.c.owner_id == owner_id).order_by(*in_force_first).limit(limit)
    )
    return sorted(map(_key, found.mappings()), key=lambda key: key.created_at, reverse=True)


async def count_owner_keys(tx: AsyncConnection, owner_id: UUID) -> int:
    """Return how many keys of the owner are in force."""
    counted = await tx.execute(
        select(func.count())
        .select_from(owner_keys)
        .where(owner_keys.c.owner_id == owner_id, owner_keys.c.revoked_at.is_(None))
    )
    return counted.scalar_one()


async def revoke_owner_key(tx: AsyncConnection, owner_id: UUID, key_id: str, now: datetime) -> None:
    await tx.execute(
        update(owner_keys)
        .where(owner_keys.c.owner_id == owner_id, owner_keys.c.id == key_id)
        .values(revoked_at=now)
    )


async def add_challenge(
    tx: AsyncConnection, digest: bytes, *, owner_id: UUID, session: str, expires_at: datetime
) -> None:
    """Remember by its digest a challenge that was given to one sign-in of the owner."""
    await tx.execute(
        insert(owner_key_challenges).values(
            challenge_sha256=digest, owner_id=owner_id, session=session, expires_at=expires_at
        )
    )


async def use_challenge(
    tx: AsyncConnection, digest: bytes, *, owner_id: UUID, session: str, now: datetime
) -> bool:
    """Use a challenge up; False: it was used, is too old, or was not given to this sign-in."""
    used = await tx.execute(
        delete(owner_key_challenges).where(
            owner_key_challenges.c.challenge_sha256 == digest,
            owner_key_challenges.c.owner_id == owner_id,
            owner_key_challenges.c.session == session,
            owner_key_challenges.c.expires_at > now,
        )
    )
    return used.rowcount > 0


async def forget_challenges(tx: AsyncConnection, now: datetime) -> int:
    """Delete the challenges that are no longer good. Returns how many."""
    gone = await tx.execute(
        delete(owner_key_challenges).where(owner_key_challenges.c.expires_at <= now)
    )
    return gone.rowcount


def _of(owner_id: UUID, key_id: str) -> Select[Any]:
    return _OWNER_KEY.where(owner_keys.c.owner_id == owner_id, owner_keys.c.id == key_id)


async def _one(tx: AsyncConnection, asked: Select[Any]) -> OwnerKey | None:
    row = (await tx.execute(asked)).mappings().one_or_none()
    return None if row is None else _key(row)


def _key(row: RowMapping) -> OwnerKey:
    values = dict[str, Any](row)
    values["algorithm"] = KeyAlgorithm(values["algorithm"])
    return OwnerKey(**values)
