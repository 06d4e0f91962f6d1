"""Whether it is an hour in which an owner is not to be disturbed."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` every day, by the clock on the wall of `zone`.

    Over midnight if `end` is the earlier. The two differ.
    """

    start: time
    end: time
    zone: ZoneInfo

    def covers(self, now: datetime) -> bool:
        """Return whether `now`, an aware time, lies in the quiet hours; the end itself does not.

        What the wall clock shows decides: hours that a change of the clock skips are not missed,
        and hours that it repeats are quiet twice.
        """
        shown = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end


def zone_or_none(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name, or None if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        # Unknown, not a name at all, or the name of a folder of zones such as "Europe".
        return None
