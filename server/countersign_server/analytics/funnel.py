"""How far signals came, and why no further."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

STEPS: Sequence[str] = ("delivered", "asked", "approved", "granted", "filled")
MISSES_MAX = 200

# Where an approval stands: how far that is, and why no further; empty: its own reason says.
_UNDECIDED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "declined": ("delivered", ""),
        "pending": ("asked", "WAITING_FOR_DECISION"),
        "expired": ("asked", "NOT_DECIDED_IN_TIME"),
        "rejected": ("asked", "REJECTED_BY_OWNER"),
    }
)
# Where its command stands, if nothing was filled.
_UNFILLED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "approved": ("approved", "WAITING_FOR_BRIDGE"),
        "offered": ("approved", "WAITING_FOR_BRIDGE"),
        "expired": ("approved", "NOT_GRANTED_IN_TIME"),
        "revoked": ("approved", "REVOKED"),
        "granted": ("granted", "WAITING_FOR_TERMINAL"),
        "working": ("granted", "WAITING_AT_BROKER"),
        "rejected": ("granted", ""),
        "not-sent": ("granted", ""),
        "in-doubt": ("granted", "IN_DOUBT"),
        "presumed-not-executed": ("granted", "PRESUMED_NOT_EXECUTED"),
        "executed": ("filled", ""),
        "partial": ("filled", ""),
    }
)


@dataclass(frozen=True, slots=True)
class Group:
    """Signals that came equally far, each counted once for each account."""

    approval_state: str
    approval_reason: str
    command_state: str  # empty: there is no command
    command_reason: str
    count: int
    newest_signal_id: UUID


@dataclass(frozen=True, slots=True)
class Miss:
    """Signals that came no further than `step`, for one reason."""

    step: str
    reason: str
    count: int
    newest_signal_id: UUID


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many reached each step, and the misses, the most frequent first."""

    reached: Mapping[str, int]
    misses: Sequence[Miss]


def funnel_of(groups: Iterable[Group]) -> Funnel:
    """Return the funnel of all groups together."""
    reached: dict[str, int] = dict.fromkeys(STEPS, 0)
    misses: dict[tuple[str, str], Miss] = {}
    for group in groups:
        step, reason = _end_of(group)
        for passed in STEPS[: STEPS.index(step) + 1]:
            reached[passed] += group.count
        if step == STEPS[-1]:
            continue
        known = misses.get((step, reason))
        misses[step, reason] = Miss(
            step,
            reason,
            group.count + (known.count if known else 0),
            max(group.newest_signal_id, known.newest_signal_id)
            if known
            else group.newest_signal_id,
        )
    ordered = sorted(misses.values(), key=lambda miss: (-miss.count, miss.step, miss.reason))
    return Funnel(reached, ordered[:MISSES_MAX])


def _end_of(group: Group) -> tuple[str, str]:
    if group.approval_state in _UNDECIDED:
        step, reason = _UNDECIDED[group.approval_state]
        return step, reason or group.approval_reason or "DECLINED"
    step, reason = _UNFILLED.get(group.command_state, ("approved", "REVOKED"))
    return step, reason or group.command_reason or "REFUSED_BY_TERMINAL"
