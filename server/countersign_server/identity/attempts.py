"""How often one name was tried of late, so that guessing does not pay."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.errors import TooManyAttempts
from countersign_server.identity.tables import failed_attempts as table

WINDOW = timedelta(minutes=1)


def attempt_name(kind: str, name: str) -> str:
    """Return what is stored of a name that somebody tried.

    Not the name itself: people type their password into the wrong box.
    """
    return f"{kind}:{sha256(name.lower().encode()).hexdigest()}"


async def count_attempt(tx: AsyncConnection, name: str, *, now: datetime, limit: int) -> None:
    """Count one more attempt, before it is checked: a hundred at once are a hundred.

    Raises TooManyAttempts after `limit` in a WINDOW. Call `forgive_attempt` when it was right.
    """
    lapsed = table.c.window_started_at <= now - WINDOW
    counted = await tx.execute(
        insert(table)
        .values(name=name, window_started_at=now, count=1)
        .on_conflict_do_update(
            index_elements=[table.c.name],
            set_={
                "count": case((lapsed, 1), else_=table.c.count + 1),
                "window_started_at": case((lapsed, now), else_=table.c.window_started_at),
            },
        )
        .returning(table.c.count)
    )
    if counted.scalar_one() > limit:
        raise TooManyAttempts(f"more than {limit} attempts in a minute; wait a minute")


async def forgive_attempt(tx: AsyncConnection, name: str) -> None:
    """Take back one attempt, which was right. Those that were wrong still count."""
    await tx.execute(
        update(table).where(table.c.name == name, table.c.count > 0).values(count=table.c.count - 1)
    )


async def forget_attempts(tx: AsyncConnection, now: datetime) -> int:
    """Delete the counts whose window has lapsed. Returns how many."""
    gone = await tx.execute(delete(table).where(table.c.window_started_at <= now - WINDOW))
    return gone.rowcount
