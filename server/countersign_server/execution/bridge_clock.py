"""How far a bridge's clock is from ours, as its heartbeats show."""

from collections import deque
from datetime import datetime, timedelta

# A clock that was set shows in so many; one of them comes without much delay.
_HEARTBEATS = 12
# No more is made good: a clock so wrong is to be set.
_FARTHEST = timedelta(days=1)


class BridgeClock:
    """The clock beside one terminal. Without a heartbeat it is taken to be right."""

    def __init__(self) -> None:
        self._seen: deque[timedelta] = deque(maxlen=_HEARTBEATS)

    def hear(self, told: datetime, *, now: datetime) -> None:
        """Learn what the bridge's clock showed when it sent a heartbeat that came at `now`."""
        self._seen.append(max(-_FARTHEST, min(now - told, _FARTHEST)))

    @property
    def behind(self) -> timedelta:
        """What is to be added to its times; negative: it is ahead.

        A heartbeat on its way makes a clock look further behind: the quickest of the last counts.
        """
        return min(self._seen, default=timedelta(0))
