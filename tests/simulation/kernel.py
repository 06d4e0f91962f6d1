"""Virtual time: everything that happens, in one order that the seed alone decides."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
_MICROSECONDS = 1_000_000

Happening = Callable[[], None]


class Trace:
    """What happened, for people to read afterwards. Lines are made only when they are asked for."""

    def __init__(self) -> None:
        self._noted: list[tuple[int, str, str, tuple[object, ...]]] = []

    def note(self, at_us: int, who: str, what: str, facts: tuple[object, ...]) -> None:
        self._noted.append((at_us, who, what, facts))

    def lines(self) -> list[str]:
        """Return a line for each thing noted: seconds since the start, who, what, and facts."""
        return [
            f"{at_us / _MICROSECONDS:10.3f}  {who:<12} {what} {' '.join(map(str, facts))}".rstrip()
            for at_us, who, what, facts in self._noted
        ]

    def digest(self) -> str:
        """Return the SHA-256 of all lines: two runs that have the same one were the same run."""
        return sha256("\n".join(self.lines()).encode()).hexdigest()


class Kernel:
    """The one clock and the one source of chance of a run. Nothing waits; everything is called."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.trace = Trace()
        self._now_us = 0
        self._now = START
        self._coming: list[tuple[int, int, Happening]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._now_us / _MICROSECONDS

    def chance(self, purpose: str) -> Random:
        """Return a source of chance of its own: a draw more in one place changes no other."""
        return Random(f"{self.seed}/{purpose}")  # noqa: S311  # chance that can be repeated

    def after(self, seconds: float, happening: Happening) -> None:
        """Let something happen later. What comes at the same moment comes in the order asked."""
        self._count += 1
        due_us = self._now_us + max(0, round(seconds * _MICROSECONDS))
        heapq.heappush(self._coming, (due_us, self._count, happening))

    def at(self, seconds: float, happening: Happening) -> None:
        """Let something happen so many seconds after the start, or now if that is over."""
        self.after(seconds - self.seconds, happening)

    def note(self, who: str, what: str, *facts: object) -> None:
        self.trace.note(self._now_us, who, what, facts)

    def run(self, until: Callable[[], bool], *, longest: float) -> bool:
        """Let happen what is due until something holds. False: it did not by `longest` seconds."""
        limit_us = round(longest * _MICROSECONDS)
        while not until():
            if not self._coming or self._coming[0][0] > limit_us:
                return False
            due_us, _, happening = heapq.heappop(self._coming)
            if due_us > self._now_us:
                self._now_us = due_us
                self._now = START + timedelta(microseconds=due_us)
            happening()
        return True
