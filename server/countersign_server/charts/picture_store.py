"""Pictures that every process shares."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.charts.tables import pictures

_AT_ONCE = 500


async def stored_picture(
    tx: AsyncConnection, owner_id: UUID, digest: bytes, now: datetime
) -> bytes | None:
    """Return a picture that is still good; None: there is none."""
    found: bytes | None = await tx.scalar(
        select(pictures.c.picture).where(
            pictures.c.owner_id == owner_id,
            pictures.c.digest == digest,
            pictures.c.expires_at > now,
        )
    )
    return found


async def store_picture(  # noqa: PLR0913  # the columns of one row
    tx: AsyncConnection,
    owner_id: UUID,
    digest: bytes,
    picture: bytes,
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a picture for whoever asks next."""
    values = {"picture": picture, "created_at": now, "expires_at": expires_at}
    await tx.execute(
        insert(pictures)
        .values(owner_id=owner_id, digest=digest, **values)
        .on_conflict_do_update(constraint="pictures_key", set_=values)
    )


async def forget_pictures(tx: AsyncConnection, now: datetime) -> int:
    """Delete some of the pictures whose time is over; return how many."""
    over = (
        select(pictures.c.owner_id, pictures.c.digest)
        .where(pictures.c.expires_at <= now)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    gone = await tx.execute(
        delete(pictures).where(
            pictures.c.owner_id == over.c.owner_id, pictures.c.digest == over.c.digest
        )
    )
    return gone.rowcount
