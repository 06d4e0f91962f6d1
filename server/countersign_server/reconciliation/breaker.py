"""When an account whose comparison fails again and again is left alone for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A lost connection or two is the weather.
FAILURES_MAX = 3
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)


class BreakerState(StrEnum):
    """Whether runs are made."""

    CLOSED = "closed"  # as scheduled
    OPEN = "open"  # none until the pause is over
    HALF_OPEN = "half-open"  # one, to see


@dataclass(frozen=True, slots=True)
class Breaker:
    """How often runs have failed in a row, and until when none is made; None: no pause."""

    failures: int = 0
    paused_until: datetime | None = None

    def state(self, now: datetime) -> BreakerState:
        if self.paused_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.paused_until else BreakerState.HALF_OPEN

    def after_failure(self, now: datetime) -> "Breaker":
        """Return the breaker after a run that failed: each further failure doubles the pause."""
        failures = self.failures + 1
        if failures < FAILURES_MAX:
            return Breaker(failures)
        pause = _FIRST_PAUSE * 2 ** min(failures - FAILURES_MAX, 10)
        return Breaker(failures, now + min(pause, _LONGEST_PAUSE))
