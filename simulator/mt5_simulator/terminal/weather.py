"""Faults drawn from a seed: the same seed gives the same faults to the same calls."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from mt5_simulator.terminal.faults import STATES, Executes, Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Weather:
    """How often sends go wrong, by kind of fault. Chances add up to at most 1."""

    seed: int
    chances: Mapping[FaultKind, float] = field(default_factory=dict[FaultKind, float])
    delay_seconds_max: float = 40.0

    def __post_init__(self) -> None:
        total = sum(self.chances.values())
        if any(chance < 0 for chance in self.chances.values()) or total > 1:
            raise ValueError(f"chances must be at least 0 and add up to at most 1, not {total}")
        if undrawable := [kind for kind in self.chances if kind in STATES | {FaultKind.PARTIAL}]:
            raise ValueError(f"chances are for faults of single sends, not for {undrawable[0]}")

    def fault_of(self, call_number: int) -> Fault | None:
        """Return what goes wrong with the `call_number`th send, or None."""
        # Seeded per call, so that one more draw elsewhere does not change the rest of a run.
        draw = random.Random(f"{self.seed}/{call_number}")  # noqa: S311  # a simulation
        left = draw.random()
        for kind, chance in self.chances.items():
            left -= chance
            if left < 0:
                return Fault(
                    kind,
                    seconds=round(draw.uniform(0.5, self.delay_seconds_max), 3),
                    executes=draw.choice(list(Executes)),
                    text="rewritten" if kind is FaultKind.COMMENT_REWRITTEN else "",
                )
        return None


STORM = {
    FaultKind.SEND_FAILED: 0.05,
    FaultKind.REPLY_LOST: 0.08,
    FaultKind.OUT_OF_STEP: 0.04,
    FaultKind.DOUBTFUL: 0.1,
    FaultKind.PLACED: 0.1,
    FaultKind.DEAL_HIDDEN: 0.08,
    FaultKind.REJECT: 0.1,
    FaultKind.COMMENT_REWRITTEN: 0.05,
}
"""A bad day: more than half of all sends meet something."""
