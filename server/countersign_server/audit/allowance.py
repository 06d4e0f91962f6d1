"""How many entries one source may leave in a minute, so that nobody fills the disk with them.

What goes beyond is left out and counted: the count is kept in their place.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Source:
    """Who leaves entries: the subject of them, and whose it is."""

    owner_id: UUID
    subject: str


@dataclass(frozen=True, slots=True)
class Omitted:
    """What was left out of one source's minute, by reason."""

    source: Source
    minute: datetime
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Minute:
    kept: int = 0
    omitted: Counter[str] = field(default_factory=Counter[str])


class Allowance:
    """Counts in this process."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._minutes: dict[tuple[Source, datetime], _Minute] = {}

    def takes(self, source: Source, reason: str, now: datetime) -> bool:
        """Return whether one more entry may be kept. False: it is counted."""
        minute = self._minutes.setdefault((source, _minute_of(now)), _Minute())
        if minute.kept < self._a_minute:
            minute.kept += 1
            return True
        minute.omitted[reason] += 1
        return False

    def over(self, now: datetime | None) -> list[Omitted]:
        """Forget the minutes that are over, and return what was left out in them. None: all."""
        over = [key for key in self._minutes if now is None or key[1] < _minute_of(now)]
        ended = [(*key, self._minutes.pop(key)) for key in over]
        return [
            Omitted(source, minute, dict(sorted(counted.omitted.items())))
            for source, minute, counted in ended
            if counted.omitted
        ]

    def give_back(self, omitted: Iterable[Omitted]) -> None:
        """Count again what could not be kept."""
        for one in omitted:
            key = one.source, one.minute
            minute = self._minutes.setdefault(key, _Minute(kept=self._a_minute))
            minute.omitted.update(one.counts)


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
