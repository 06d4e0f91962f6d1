"""A named difference between our book and a terminal, and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

# Names divergences by what they are of, so that a restart invents none.
_NAMESPACE = UUID("5e1a5a0e-8b0a-5d0f-9a39-2f7c7b0c2f64")


class Kind(StrEnum):
    """How a terminal differs from our book."""

    SLIPPAGE = "slippage"
    VOLUME = "volume"
    STOPS = "stops"
    MANUAL = "manual"
    CLOSED_BY_BROKER = "closed-by-broker"
    PARTIAL = "partial"
    REVERSED = "reversed"
    ORPHAN = "orphan"
    UNKNOWN_DEAL = "unknown-deal"
    STATEMENT = "statement"


class State(StrEnum):
    """How a divergence ended, or that it has not."""

    OPEN = "open"
    ADOPTED = "adopted"  # taken into our book
    IGNORED = "ignored"
    CLOSED = "closed"  # the position was closed
    ESCALATED = "escalated"  # waits for a person

    @property
    def is_over(self) -> bool:
        return self not in (State.OPEN, State.ESCALATED)


class Action(StrEnum):
    """How a kind of divergence ends without a person."""

    ADOPT = "adopt"
    IGNORE = "ignore"
    CLOSE = "close"
    ESCALATE = "escalate"


Policy = Mapping[Kind, Action]

# Those of a position that is open: the others leave nothing to close.
CLOSABLE = frozenset(
    {Kind.SLIPPAGE, Kind.VOLUME, Kind.STOPS, Kind.MANUAL, Kind.PARTIAL, Kind.REVERSED}
)

# Nothing is closed by itself; what a deal proves is taken in, what an owner did by hand is left.
DEFAULT_POLICY: Policy = {
    **dict.fromkeys(Kind, Action.ESCALATE),
    Kind.CLOSED_BY_BROKER: Action.ADOPT,
    Kind.PARTIAL: Action.ADOPT,
    Kind.MANUAL: Action.IGNORE,
}

# Closing ends nothing by itself: the position does, once it is closed.
ENDS: Mapping[Action, State] = {
    Action.ADOPT: State.ADOPTED,
    Action.IGNORE: State.IGNORED,
    Action.ESCALATE: State.ESCALATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one comparison saw. `subject` tells it from every other of its kind and account."""

    kind: Kind
    subject: str
    command_id: UUID | None = None
    position_id: int = 0
    deal_ticket: int = 0
    expected: Mapping[str, Any]
    actual: Mapping[str, Any]

    def id_for(self, account_id: UUID) -> UUID:
        """Return the id that this difference has however often it is seen."""
        return uuid5(_NAMESPACE, f"{account_id}:{self.kind}:{self.subject}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """A difference as it is kept."""

    id: UUID
    account_id: UUID
    owner_id: UUID
    kind: Kind
    state: State
    command_id: UUID | None
    position_id: int
    deal_ticket: int
    expected_json: str
    actual_json: str
    created_at: datetime
    seen_at: datetime  # when the snapshot in which it was seen first was stored
    ended_at: datetime | None = None
    reason: str = ""
    closing_since: datetime | None = None  # its position is being closed; None: it is not
