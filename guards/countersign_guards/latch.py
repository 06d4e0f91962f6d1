"""The trading state that holds until a person lifts it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class TradingState(StrEnum):
    """What an account may do, from most to least."""

    ACTIVE = "active"
    WARNED = "warned"
    CLOSE_ONLY = "close-only"
    HALTED = "halted"
    FLATTENING = "flattening"

    @property
    def severity(self) -> int:
        return _SEVERITY.index(self)

    @property
    def may_open(self) -> bool:
        return self in (TradingState.ACTIVE, TradingState.WARNED)


_SEVERITY = tuple(TradingState)


@dataclass(frozen=True, slots=True)
class Latch:
    """Why trading is held up; ACTIVE: it is not.

    `resets` counts how often a person has lifted it or called a closing off: a rule trips at most
    once between two such words, so that a rule's id and this number name a trip on both sides of a
    broken link.
    """

    state: TradingState = TradingState.ACTIVE
    cause: str = ""  # a rule's id, or "person"
    reason: str = ""
    by: str = ""
    since: datetime | None = None
    resets: int = 0
    # Rules whose closing a person has called off, until the latch is reset.
    called_off: frozenset[str] = frozenset()

    def held(
        self, state: TradingState, *, cause: str, reason: str, by: str, now: datetime
    ) -> "Latch":
        """Return the latch in the stricter of both states; the first cause of a state stands."""
        if state.severity <= self.state.severity:
            return self
        return replace(self, state=state, cause=cause, reason=reason, by=by, since=now)

    def agreed(self, other: "Latch") -> "Latch":
        """Return what both sides of a link hold once they talk again.

        A person's word, which the other side may have missed, goes before the stricter state.
        """
        if self.resets != other.resets:
            return self if self.resets > other.resets else other
        return self if self.state.severity >= other.state.severity else other
