"""Where the time comes from. The simulator asks nobody else."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """Return the present moment. Never earlier than the moment before."""
        ...

    def wait(self, seconds: float | None) -> None:
        """Let `seconds` pass; None means for ever."""
        ...


class HungForEver(RuntimeError):
    """A call that never returns was made on a clock that only moves when told to."""


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float | None) -> None:
        threading.Event().wait(seconds)


class VirtualClock:
    """A time that moves only when it is told to. A run on it can be repeated exactly."""

    def __init__(self, start: datetime = datetime(2026, 3, 4, 12, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime: add tzinfo=UTC")
        self._now = start
        self._moved = threading.Condition()

    def now(self) -> datetime:
        return self._now

    def wait_until(self, moment: datetime) -> None:
        """Wait until somebody else has moved it so far."""
        with self._moved:
            self._moved.wait_for(lambda: self._now >= moment)

    def wait(self, seconds: float | None) -> None:
        if seconds is None:
            raise HungForEver("the call would never return; give the hang a number of seconds")
        self.advance(timedelta(seconds=seconds))

    def advance(self, by: timedelta) -> datetime:
        """Move forward and return the new moment."""
        if not isinstance(by, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance]  # whoever does not check types
            raise TypeError(f"by must be a timedelta, such as timedelta(seconds=21), not {by!r}")
        if by < timedelta(0):
            raise ValueError(f"time cannot go back: by is {by}")
        with self._moved:
            self._now += by
            self._moved.notify_all()
        return self._now
