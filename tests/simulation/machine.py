"""A computer at the owner's: its clocks, its sleep, and what its disk keeps when the power goes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from uuid import UUID

from countersign_bridge.clock import Moment
from countersign_bridge.journal.records import Kept, Record, RecordKind
from countersign_bridge.journal.store import JournalUnavailable
from tests.simulation.kernel import Happening, Kernel


class JournalBroken(AssertionError):
    """The journal's own constraints would have refused a record."""


class Disk:
    """The journal's disk. What was appended is there for good; acknowledgements may be lost."""

    def __init__(self, journal_id: UUID) -> None:
        self.journal_id = journal_id
        self.is_full = False
        self._records: list[Kept] = []
        self._unsynced: set[int] = set()
        self._intents: set[object] = set()

    def append(self, records: Sequence[Record]) -> list[Kept]:
        """Keep records, all or none of them. Raises JournalUnavailable."""
        if self.is_full:
            raise JournalUnavailable("the disk is full")
        start = len(self._records) + 1
        kept = [
            Kept(start + place, record, acknowledged=False) for place, record in enumerate(records)
        ]
        for record in records:
            if record.kind is RecordKind.INTENT:
                self._keep_unique((record.command_id, record.attempt))
                self._keep_unique(record.details["grant_id"])
        self._records.extend(kept)
        self._sync()
        return kept

    def acknowledge(self, numbers: Iterable[int]) -> None:
        if self.is_full:
            raise JournalUnavailable("the disk is full")
        self._unsynced.update(numbers)

    def lose_power(self, chance: Random) -> None:
        """Lose what was not synced, or not: nobody knows."""
        if chance.random() < 0.5:
            self._unsynced.clear()
        self._sync()

    def records(self) -> list[Kept]:
        self._sync()
        return list(self._records)

    def copy(self) -> "Disk":
        """Return the disk as a snapshot of the machine has it."""
        self._sync()
        other = Disk(self.journal_id)
        other._records = list(self._records)
        other._intents = set(self._intents)
        return other

    def _keep_unique(self, key: object) -> None:
        if key in self._intents:
            raise JournalBroken(f"a second intent for {key}")
        self._intents.add(key)

    def _sync(self) -> None:
        for number in self._unsynced:
            self._records[number - 1] = replace(self._records[number - 1], acknowledged=True)
        self._unsynced.clear()


@dataclass(slots=True)
class Machine:
    """What all processes of one computer share: sleep, and two clocks that fail differently."""

    kernel: Kernel
    name: str
    wall_offset: timedelta = timedelta(0)
    asleep_until: float = 0.0
    _lost: float = 0.0  # seconds that the steady clock has missed
    _waiting: list[Happening] = field(default_factory=list[Happening])

    def moment(self) -> Moment:
        return Moment(self.kernel.now() + self.wall_offset, self.steady())

    def wall(self) -> float:
        return (self.kernel.now() + self.wall_offset).timestamp()

    def steady(self) -> float:
        return 1000.0 + self.kernel.seconds - self._lost

    def sleep(self, seconds: float, *, clock_stands_still: bool) -> None:
        """Let every process stand still, and then find that time has passed."""
        self.kernel.note(self.name, "sleeps", f"{seconds:.1f}s")
        self.asleep_until = max(self.asleep_until, self.kernel.seconds + seconds)
        if clock_stands_still:
            self._lost += seconds

    @property
    def is_asleep(self) -> bool:
        # The kernel counts whole microseconds.
        return self.kernel.seconds < self.asleep_until - 1e-6

    def awake(self, happening: Callable[[], None]) -> None:
        """Let something happen now, or when the machine has woken."""
        if self.is_asleep:
            self.kernel.at(self.asleep_until, lambda: self.awake(happening))
        else:
            happening()
