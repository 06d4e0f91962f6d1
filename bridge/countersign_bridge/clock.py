"""What time it is, by two clocks that fail in different ways."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant as both clocks show it."""

    utc: datetime
    monotonic: float  # seconds since some fixed moment

    def since(self, earlier: "Moment") -> timedelta:
        """Return how long ago `earlier` was, by whichever clock says longer.

        The steady clock may stand still while the machine sleeps and the wall clock may be set
        back, so a deadline holds only while both say it does.
        """
        steady = timedelta(seconds=self.monotonic - earlier.monotonic)
        return max(steady, self.utc - earlier.utc)

    def later(self, span: timedelta) -> "Moment":
        return Moment(self.utc + span, self.monotonic + span.total_seconds())
