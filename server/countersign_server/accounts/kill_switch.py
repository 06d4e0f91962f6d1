"""A switch by which a person stops a producer, or everything at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from countersign_server.accounts.account import TradingState

# Why an account may not trade that a switch on everything holds.
KILL_SWITCH = "kill-switch"
# From mild to strict.
_SEVERITY = tuple(TradingState)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """What was stopped, and by whom. `producer_id` None: everything."""

    id: UUID
    owner_id: UUID | None  # the producer's owner
    producer_id: UUID | None
    state: TradingState
    reason: str
    actor: str
    by_operator: bool
    created_at: datetime
    released_at: datetime | None = None


def severity(state: TradingState) -> int:
    """Return how much a state holds back; more is stricter."""
    return _SEVERITY.index(state)


def strictest(*states: TradingState) -> TradingState:
    """Return the strictest of states; ACTIVE if there are none."""
    return max(states, key=severity, default=TradingState.ACTIVE)


def state_of_everything(holding: Iterable[KillSwitch]) -> TradingState:
    """Return what the switches on everything, of those that hold, leave of trading."""
    return strictest(*(one.state for one in holding if one.producer_id is None))
