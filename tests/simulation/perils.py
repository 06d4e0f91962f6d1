"""Named places in which a process may die, and which of them this run has chosen."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from countersign_bridge.crash_points import CrashPoint


class Died(BaseException):
    """This process ends here, without a word. Not an Exception: no handler of its own sees it."""


class ServerPoint(StrEnum):
    """The windows in which a crash of a server process has a meaning of its own."""

    # Around the commit of a transaction about these. After it, the thing is durable, and nobody has
    # been told.
    BEFORE_APPROVAL = "server-before-approval"
    AFTER_APPROVAL = "server-after-approval"
    BEFORE_OPENING = "server-before-opening"
    AFTER_OPENING = "server-after-opening"
    BEFORE_OFFER = "server-before-offer"
    AFTER_OFFER = "server-after-offer"
    BEFORE_REVOKE = "server-before-revoke"
    AFTER_REVOKE = "server-after-revoke"
    BEFORE_GRANT = "server-before-grant"
    AFTER_GRANT = "server-after-grant"
    AFTER_GRANT_TOLD = "server-after-grant-told"
    BEFORE_RESULT = "server-before-result"
    AFTER_RESULT = "server-after-result"
    BEFORE_DEAL = "server-before-deal"
    AFTER_DEAL = "server-after-deal"
    BEFORE_DOUBT = "server-before-doubt"
    AFTER_DOUBT = "server-after-doubt"
    BEFORE_LATCH = "server-before-latch"
    AFTER_LATCH = "server-after-latch"
    AFTER_ACK_TOLD = "server-after-ack-told"


Point = CrashPoint | ServerPoint
POINTS: Sequence[Point] = (*CrashPoint, *ServerPoint)


@dataclass(frozen=True, slots=True)
class Peril:
    """Whoever comes to the point for the `arrival`th time dies there. Counts from 1.

    `stands_still`: it does not die, but its machine stands still for so many seconds.
    """

    point: Point
    arrival: int
    stands_still: float = 0.0


class Perils:
    """The chosen places, until the weather clears."""

    def __init__(
        self,
        chosen: Sequence[Peril],
        *,
        note: Callable[[str], None],
        stand_still: Callable[[float], None],
    ) -> None:
        self._chosen = {(peril.point, peril.arrival): peril for peril in chosen}
        self._arrivals: Counter[Point] = Counter()
        self._points = {peril.point for peril in chosen}
        self._note = note
        self._stand_still = stand_still

    def reach(self, point: Point) -> None:
        """Raise Died if this is the place."""
        if point not in self._points:
            return
        self._arrivals[point] += 1
        peril = self._chosen.pop((point, self._arrivals[point]), None)
        if peril is None:
            return
        self._note(point)
        if not peril.stands_still:
            raise Died(point)
        self._stand_still(peril.stands_still)

    def clear(self) -> None:
        self._points = set[Point]()
