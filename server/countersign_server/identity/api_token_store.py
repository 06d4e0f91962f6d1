"""API tokens: what they are for, and the digests by which they are found."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.identity.api_token import ApiToken
from countersign_server.identity.tables import api_tokens

_API_TOKEN = select(*(api_tokens.c[field.name] for field in fields(ApiToken)))


async def add_api_token(
    tx: AsyncConnection, token: ApiToken, *, digest: bytes, request_id: UUID
) -> bool:
    """Store a token; False: the owner has made one with the same request id."""
    added = await tx.execute(
        insert(api_tokens)
        .values(token_sha256=digest, request_id=request_id, **asdict(token))
        .on_conflict_do_nothing(constraint="one_api_token_per_request")
        .returning(api_tokens.c.id)
    )
    return added.one_or_none() is not None


async def count_api_tokens(tx: AsyncConnection, owner_id: UUID, now: datetime) -> int:
    """Return how many of the owner's tokens are in force."""
    counted = await tx.execute(
        select(func.count())
        .select_from(api_tokens)
        .where(
            api_tokens.c.owner_id == owner_id,
            api_tokens.c.revoked_at.is_(None),
            api_tokens.c.expires_at > now,
        )
    )
    return counted.scalar_one()


async def api_token_by_digest(tx: AsyncConnection, digest: bytes) -> ApiToken | None:
    return await _one_api_token(tx, _API_TOKEN.where(api_tokens.c.token_sha256 == digest))


async def api_token_locked(tx: AsyncConnection, token_id: UUID, owner_id: UUID) -> ApiToken | None:
    """Return the owner's token, which nobody else changes until this transaction has ended."""
    asked = _API_TOKEN.where(api_tokens.c.id == token_id, api_tokens.c.owner_id == owner_id)
    return await _one_api_token(tx, asked.with_for_update())


async def list_api_tokens(
    tx: AsyncConnection, owner_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[ApiToken]:
    """Return up to `limit` tokens of the owner, newest first; `before`: only older ones."""
    asked = _API_TOKEN.where(api_tokens.c.owner_id == owner_id)
    if before is not None:
        asked = asked.where(api_tokens.c.id < before)
    found = await tx.execute(asked.order_by(api_tokens.c.id.desc()).limit(limit))
    return [ApiToken(**row) for row in found.mappings()]


async def touch_api_token(tx: AsyncConnection, token_id: UUID, now: datetime) -> None:
    await tx.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=now))


async def revoke_api_token(tx: AsyncConnection, token_id: UUID, now: datetime) -> None:
    await tx.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(revoked_at=now))


async def _one_api_token(tx: AsyncConnection, asked: Select[Any]) -> ApiToken | None:
    row = (await tx.execute(asked)).mappings().one_or_none()
    return None if row is None else ApiToken(**row)
