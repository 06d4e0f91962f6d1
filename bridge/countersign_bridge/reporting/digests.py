"""The deals of a day, counted and hashed, so that a missing one shows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from countersign_bridge.terminal.views import DealView


@dataclass(frozen=True, slots=True)
class DayDigest:
    """All deals of one day of the broker's time."""

    day: str  # "2026-03-30"
    count: int
    tickets_sha256: str


def day_of(broker_time_ms: int) -> str:
    """Return the broker's own date of a moment of the broker's clock."""
    return datetime.fromtimestamp(broker_time_ms / 1000, UTC).date().isoformat()


def seconds_of_day(day: str) -> tuple[int, int]:
    """Return the first and the last second of a day as the broker's clock counts.

    Raises ValueError if it is no day.
    """
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    end = start + timedelta(days=1)
    return int(start.timestamp()), int(end.timestamp()) - 1


def day_digests(deals: Iterable[DealView]) -> list[DayDigest]:
    """Return one digest for each day that has deals, oldest first."""
    tickets: defaultdict[str, set[int]] = defaultdict(set)
    for deal in deals:
        tickets[day_of(deal.broker_time_ms)].add(deal.ticket)
    return [DayDigest(day, len(found), _hash(found)) for day, found in sorted(tickets.items())]


def _hash(tickets: Iterable[int]) -> str:
    return sha256("".join(f"{ticket}\n" for ticket in sorted(tickets)).encode()).hexdigest()
