"""Whether the account may trade, as last said, whatever has become of who said it."""

from dataclasses import dataclass

from countersign_bridge.intents import Kind
from countersign_guards.latch import TradingState

# What each state still lets through, beside what is already at the broker.
_OPENING = frozenset({TradingState.ACTIVE, TradingState.WARNED})
_REDUCING = _OPENING | {TradingState.CLOSE_ONLY, TradingState.FLATTENING}


@dataclass(frozen=True, slots=True)
class Latch:
    """The trading state and the count of its changes. Holds across restarts."""

    state: TradingState = TradingState.ACTIVE
    cause: str = ""
    changes: int = 0

    def turned(self, state: TradingState, *, cause: str, changes: int) -> "Latch":
        """Return the latch after a word from the server; an older word than the last is ignored."""
        if changes < self.changes:
            return self
        return Latch(state, cause, changes)

    def lets(self, kind: Kind) -> bool:
        """Whether a command of this kind may go to the terminal."""
        return lets(self.state, kind)


def lets(state: TradingState, kind: Kind) -> bool:
    """Whether an account in `state` may be sent a command of this kind."""
    return state in (_REDUCING if kind.reduces else _OPENING)
