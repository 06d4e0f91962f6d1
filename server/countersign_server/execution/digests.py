"""Days of deals in short, so that both sides see at once whether one of them misses something."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.tables import deals

_DAYS = 7
_DAY_MS = 86_400_000


def tickets_sha256(tickets: list[int]) -> str:
    """Return the hash of deal tickets, in hexadecimal.

    Each ticket in decimal with a line feed, in ascending order.
    """
    return sha256("".join(f"{ticket}\n" for ticket in sorted(tickets)).encode()).hexdigest()


async def recent_digests(tx: AsyncConnection, account_id: UUID) -> list[pb.DealDigest]:
    """Return the digests of the account's last days that have deals, oldest first.

    Days are the broker's.
    """
    newest = await tx.scalar(
        select(func.max(deals.c.broker_time_ms)).where(deals.c.account_id == account_id)
    )
    if newest is None:
        return []
    since = (newest // _DAY_MS - _DAYS + 1) * _DAY_MS
    return await _digests(tx, account_id, since)


async def digest_differs(tx: AsyncConnection, account_id: UUID, told: pb.DealDigest) -> bool:
    """Tell whether the bridge's digest of a day is not ours: then its deals are asked for."""
    day = func.to_char(func.to_timestamp(deals.c.broker_time_ms / 1000.0), "YYYY-MM-DD")
    found = await tx.scalars(
        select(deals.c.ticket).where(deals.c.account_id == account_id, day == told.day)
    )
    ours = list(found)
    return len(ours) != told.count or tickets_sha256(ours) != told.tickets_sha256


async def _digests(tx: AsyncConnection, account_id: UUID, since_ms: int) -> list[pb.DealDigest]:
    # The broker's clock counts as if it were UTC: its day is what the terminal calls the day.
    day = func.to_char(func.to_timestamp(deals.c.broker_time_ms / 1000.0), "YYYY-MM-DD")
    found = await tx.execute(
        select(day.label("day"), deals.c.ticket)
        .where(deals.c.account_id == account_id, deals.c.broker_time_ms >= since_ms)
        .order_by("day", deals.c.ticket)
    )
    by_day: dict[str, list[int]] = {}
    for name, ticket in found:
        by_day.setdefault(name, []).append(ticket)
    return [
        pb.DealDigest(day=name, count=len(tickets), tickets_sha256=tickets_sha256(tickets))
        for name, tickets in by_day.items()
    ]
