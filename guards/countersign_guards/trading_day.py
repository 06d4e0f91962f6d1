"""Which trading day a moment belongs to, wherever the clocks are changed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """When a day begins: a time of the wall clock in a zone of the IANA database.

    A reset time that the clock skips comes as much later as is skipped; one that comes twice counts
    the first time.
    """

    resets_at: time
    zone: str

    def start_of(self, day: date) -> datetime:
        """Return the moment at which `day` begins, in UTC."""
        return datetime.combine(day, self.resets_at, ZoneInfo(self.zone)).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """Return the day that `moment` belongs to, named by the date on which it began."""
        near = moment.astimezone(ZoneInfo(self.zone)).date()
        return near if self.start_of(near) <= moment else near - _DAY
