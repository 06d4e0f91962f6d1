"""Whether an account may trade, as execution reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trading:
    """The account's trading state. `latch` counts its changes."""

    state: str
    cause: str
    latch: int
