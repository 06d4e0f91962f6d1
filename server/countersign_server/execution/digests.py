"""Days of deals in short, so that both sides see at once whether one of them misses something."""

from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.errors import Invalid
from countersign_server.execution.book import Book

_DAYS = 7
_DAY_MS = 86_400_000
_DEALS_MOST = 100_000
_EPOCH = date(1970, 1, 1)
_LAST_DAY = (date.max - _EPOCH).days


def tickets_sha256(tickets: Iterable[int]) -> str:
    """Return the hash of deal tickets, in hexadecimal.

    Each ticket in decimal with a line feed, in ascending order.
    """
    return sha256("".join(f"{ticket}\n" for ticket in sorted(tickets)).encode()).hexdigest()


async def recent_digests(book: Book, account_id: UUID) -> list[pb.DealDigest]:
    """Return the digests of the account's last days that have deals, oldest first.

    Days are the broker's: its clock counts as if it were UTC.
    """
    newest = await book.deals.newest_ms(account_id)
    if newest is None:
        return []
    since = (newest // _DAY_MS - _DAYS + 1) * _DAY_MS
    by_day = await book.deals.tickets_by_day(account_id, since_ms=since, limit=_DEALS_MOST)
    return [
        pb.DealDigest(
            day=_day_text(number), count=len(tickets), tickets_sha256=tickets_sha256(tickets)
        )
        for number, tickets in by_day.items()
        if number <= _LAST_DAY
    ]


async def digest_differs(book: Book, account_id: UUID, told: pb.DealDigest) -> bool:
    """Tell whether the bridge's digest of a day is not ours: then its deals are asked for."""
    first = _day_number(told.day) * _DAY_MS
    ours = await book.deals.tickets(account_id, first_ms=first, end_ms=first + _DAY_MS)
    return len(ours) != told.count or tickets_sha256(ours) != told.tickets_sha256


def _day_number(day: str) -> int:
    """Return days since 1970. Raises Invalid."""
    try:
        return (date.fromisoformat(day) - _EPOCH).days
    except ValueError:
        raise Invalid(f"{day} is not a day", field="deal_digest.day") from None


def _day_text(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()
