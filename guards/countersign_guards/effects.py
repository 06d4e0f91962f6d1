"""What a guard wants done and told."""

from dataclasses import dataclass
from datetime import datetime

from countersign_guards.latch import Latch
from countersign_guards.standing import Standing


@dataclass(frozen=True, slots=True)
class Warned:
    """A limit is nearly used up."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class WarningLifted:
    """There is room again."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class ClosingAnnounced:
    """Everything is closed at `closes_at` unless it is called off."""

    rule_id: str
    closes_at: datetime
    evidence: Standing


@dataclass(frozen=True, slots=True)
class ClosingDismissed:
    """The account recovered before anything was closed; `standing` None: the rule is gone."""

    rule_id: str
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class ClosingCalledOff:
    """A person said no. Nothing is opened until the latch is reset."""

    rule_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Latched:
    """The trading state is held, or has been lifted; `evidence` None: a person did it."""

    latch: Latch
    evidence: Standing | None = None


@dataclass(frozen=True, slots=True)
class Flatten:
    """Close every open position and cancel every pending order, and go on until none is left."""

    cause: str


@dataclass(frozen=True, slots=True)
class Flattened:
    """Nothing is open any more."""

    cause: str


Effect = (
    Warned
    | WarningLifted
    | ClosingAnnounced
    | ClosingDismissed
    | ClosingCalledOff
    | Latched
    | Flatten
    | Flattened
)
Effects = tuple[Effect, ...]
