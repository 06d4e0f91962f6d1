"""Share links, and the digests by which they are found."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics.share_link import ShareLink
from countersign_server.analytics.tables import share_links
from countersign_server.errors import NotFound
from countersign_server.identifiers import digest_of

_LINK = select(*(share_links.c[field.name] for field in fields(ShareLink)))


async def add_share_link(
    tx: AsyncConnection, link: ShareLink, *, digest: bytes, request_id: UUID
) -> bool:
    """Store a link; False: the owner has made one with the same request id."""
    added = await tx.execute(
        insert(share_links)
        .values(token_sha256=digest, request_id=request_id, **asdict(link))
        .on_conflict_do_nothing(constraint="one_share_link_per_request")
        .returning(share_links.c.id)
    )
    return added.one_or_none() is not None


async def count_share_links(tx: AsyncConnection, owner_id: UUID, now: datetime) -> int:
    """Return how many of the owner's links hold."""
    counted = await tx.scalar(
        select(func.count())
        .select_from(share_links)
        .where(
            share_links.c.owner_id == owner_id,
            share_links.c.revoked_at.is_(None),
            share_links.c.expires_at > now,
        )
    )
    return counted or 0


async def share_link(tx: AsyncConnection, link_id: UUID, *, hold: bool = False) -> ShareLink | None:
    """Return a link; `hold`: nobody else changes it until this transaction has ended."""
    asked = _LINK.where(share_links.c.id == link_id)
    row = (await tx.execute(asked.with_for_update() if hold else asked)).mappings().one_or_none()
    return None if row is None else ShareLink(**row)


async def opened_by(tx: AsyncConnection, token: str, now: datetime) -> ShareLink:
    """Return the link that a token opens. Raises NotFound, whatever the reason."""
    found = await tx.execute(_LINK.where(share_links.c.token_sha256 == digest_of(token)))
    row = found.mappings().one_or_none()
    link = None if row is None else ShareLink(**row)
    if link is None or not link.holds(now):
        raise NotFound("no share link is opened by this token")
    return link


async def list_share_links(
    tx: AsyncConnection, *, account_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[ShareLink]:
    """Return links, newest first."""
    asked = _LINK.order_by(share_links.c.id.desc()).limit(limit)
    if account_id is not None:
        asked = asked.where(share_links.c.account_id == account_id)
    if before is not None:
        asked = asked.where(share_links.c.id < before)
    return [ShareLink(**row) for row in (await tx.execute(asked)).mappings()]


async def revoke_share_link(tx: AsyncConnection, link_id: UUID, now: datetime) -> None:
    await tx.execute(update(share_links).where(share_links.c.id == link_id).values(revoked_at=now))
