"""Users and their sign-ins. Whoever changes a user's sign-ins locks the user first."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.identity.session import RefreshToken
from countersign_server.identity.tables import api_tokens, invitations, refresh_tokens, users
from countersign_server.identity.user import Invitation, User
from countersign_server.rpc.caller import Role


async def add_user(tx: AsyncConnection, user: User) -> bool:
    """Store a user; False: the e-mail address is taken."""
    added = await tx.execute(
        insert(users).values(asdict(user)).on_conflict_do_nothing().returning(users.c.id)
    )
    return added.one_or_none() is not None


async def user(tx: AsyncConnection, user_id: UUID) -> User | None:
    return await _one_user(tx, select(users).where(users.c.id == user_id))


async def user_locked(tx: AsyncConnection, user_id: UUID) -> User | None:
    """Return the user, whose sign-ins nobody else changes until this transaction has ended."""
    asked = select(users).where(users.c.id == user_id)
    return await _one_user(tx, asked.with_for_update(key_share=True))


async def user_by_email(tx: AsyncConnection, email: str) -> User | None:
    # The database cannot even be asked for what cannot be printed.
    if not email.isprintable():
        return None
    return await _one_user(tx, select(users).where(func.lower(users.c.email) == email.lower()))


async def list_users(tx: AsyncConnection, *, before: UUID | None, limit: int) -> Sequence[User]:
    """Return up to `limit` users, newest first; `before`: only those older than it."""
    asked = select(users).order_by(users.c.id.desc()).limit(limit)
    if before is not None:
        asked = asked.where(users.c.id < before)
    return [_user(row) for row in (await tx.execute(asked)).mappings()]


async def set_password_hash(tx: AsyncConnection, user_id: UUID, password_hash: str) -> None:
    await tx.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))


async def activate(
    tx: AsyncConnection, user_id: UUID, *, password_hash: str, referral_code: str
) -> None:
    """Give an invited user the first password."""
    await tx.execute(
        update(users)
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, referral_code=referral_code)
    )


async def disable(tx: AsyncConnection, user_id: UUID, now: datetime) -> None:
    """Keep a user out, and end all that the user could come back with."""
    await tx.execute(update(users).where(users.c.id == user_id).values(disabled_at=now))
    await tx.execute(
        update(api_tokens)
        .where(api_tokens.c.owner_id == user_id, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    await end_sessions(tx, user_id, now)


async def add_invitation(
    tx: AsyncConnection, digest: bytes, user_id: UUID, expires_at: datetime
) -> None:
    await tx.execute(
        insert(invitations).values(token_sha256=digest, user_id=user_id, expires_at=expires_at)
    )


async def invitation(tx: AsyncConnection, digest: bytes) -> Invitation | None:
    found = await tx.execute(
        select(invitations.c.user_id, invitations.c.expires_at, invitations.c.used_at).where(
            invitations.c.token_sha256 == digest
        )
    )
    row = found.mappings().one_or_none()
    return None if row is None else Invitation(**row)


async def use_invitation(tx: AsyncConnection, digest: bytes, now: datetime) -> None:
    await tx.execute(
        update(invitations).where(invitations.c.token_sha256 == digest).values(used_at=now)
    )


async def add_refresh_token(tx: AsyncConnection, digest: bytes, token: RefreshToken) -> None:
    await tx.execute(insert(refresh_tokens).values(token_sha256=digest, **asdict(token)))


async def refresh_token(tx: AsyncConnection, digest: bytes) -> RefreshToken | None:
    found = await tx.execute(
        select(*(refresh_tokens.c[field.name] for field in fields(RefreshToken))).where(
            refresh_tokens.c.token_sha256 == digest
        )
    )
    row = found.mappings().one_or_none()
    return None if row is None else RefreshToken(**row)


async def use_refresh_token(tx: AsyncConnection, digest: bytes, now: datetime) -> None:
    await tx.execute(
        update(refresh_tokens).where(refresh_tokens.c.token_sha256 == digest).values(used_at=now)
    )


async def end_session(tx: AsyncConnection, session_id: UUID, now: datetime) -> bool:
    """End one session; False: it had ended."""
    ended = await tx.execute(
        update(refresh_tokens)
        .where(refresh_tokens.c.session_id == session_id, refresh_tokens.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return ended.rowcount > 0


async def end_sessions(
    tx: AsyncConnection, user_id: UUID, now: datetime, *, but: UUID | None = None
) -> Sequence[UUID]:
    """End the user's sessions `but` that one. Returns those that ended."""
    ended = await tx.scalars(
        update(refresh_tokens)
        .where(
            refresh_tokens.c.user_id == user_id,
            refresh_tokens.c.ended_at.is_(None),
            refresh_tokens.c.session_id.is_distinct_from(but),
        )
        .values(ended_at=now)
        .returning(refresh_tokens.c.session_id)
    )
    return sorted(set(ended))


async def forget_expired(tx: AsyncConnection, now: datetime) -> int:
    """Delete invitations and refresh tokens whose time is over. Returns how many."""
    gone = [
        await tx.execute(delete(table).where(table.c.expires_at <= now))
        for table in (invitations, refresh_tokens)
    ]
    return sum(result.rowcount for result in gone)


async def _one_user(tx: AsyncConnection, asked: Select[Any]) -> User | None:
    row = (await tx.execute(asked)).mappings().one_or_none()
    return None if row is None else _user(row)


def _user(row: RowMapping) -> User:
    values = dict[str, Any](row)
    values["role"] = Role(values["role"])
    return User(**values)
