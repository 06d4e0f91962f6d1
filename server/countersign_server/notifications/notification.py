"""One event told to one destination, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from countersign_server.notifications.topic import Level, Topic

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=6)
# Up to this much of a pause is taken off, so that not everybody comes again at once.
_JITTER = 0.3


class State(StrEnum):
    """What became of a notification."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One event told to one destination."""

    id: UUID
    owner_id: UUID
    destination_id: UUID
    lane: UUID  # those of one lane reach a destination in the order of their sequence
    sequence: int  # of the event in the audit
    kind: str
    topic: Topic
    level: Level
    account_id: UUID | None
    signal_id: UUID | None
    body: str
    created_at: datetime
    give_up_at: datetime
    state: State = State.WAITING
    attempts: int = 0
    ended_at: datetime | None = None
    failure: str = ""  # of the last attempt, upper-case; empty: there was none


def pause_after(failures: int, chance: float) -> timedelta:
    """Return how long to wait after so many failures in a row; `chance` is drawn from [0, 1)."""
    pause = min(_FIRST_PAUSE * 3 ** min(failures - 1, 12), _LONGEST_PAUSE)
    return pause * (1 - _JITTER * chance)
