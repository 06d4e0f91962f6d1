"""What carries a notification: a webhook's POST, a bot's message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from countersign_server.notifications.destination import ChannelKind
from countersign_server.notifications.notification import Notification


class Result(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    FAILED = "failed"  # it is tried again
    REFUSED = "refused"  # it never will be taken: given up at once
    GONE = "gone"  # the receiver wants nothing any more: the destination is paused


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, and what the log says of it."""

    result: Result
    reason: str = "DELIVERED"  # upper-case
    status: int = 0  # 0: there was no answer
    detail: str = ""
    again_after: timedelta | None = None  # as the receiver asked; None: it did not

    @property
    def goes_on(self) -> bool:
        """Whether what waits behind it may be tried at once."""
        return self.result in (Result.DELIVERED, Result.REFUSED)


class Channel(Protocol):
    """Carries notifications to destinations of one kind."""

    async def deliver(self, notification: Notification) -> Outcome:
        """Try once; never raises for what a receiver does."""
        ...


Channels = Mapping[ChannelKind, Channel]
