"""What a market holds at once: lots, and how many points worse than the best price they are."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from mt5_simulator.exact import exact

Level = tuple[Decimal, int]
"""Lots to be had, and how many points worse than the best price they are."""

LEVELS_MAX = 1_000
LOTS_MAX = Decimal(10) ** 9
POINTS_MAX = 1_000_000


def parsed_levels(text: str) -> tuple[Level, ...]:
    """Return the levels in "0.01@0 0.02@3". Raises ValueError for anything else."""
    parts = [part.partition("@") for part in text.split()]
    try:
        return sound_levels((lots, int(points or "0")) for lots, _, points in parts)
    except ValueError as error:
        raise ValueError(
            'levels must be lots at points worse, such as "0.01@0 0.02@3", '
            f"not {text!r:.60}: {error}"
        ) from error


def sound_levels(levels: Iterable[tuple[object, int]]) -> tuple[Level, ...]:
    """Return the levels with exact lots. Raises ValueError for such as no market has."""
    sound = tuple((exact(lots, "lots"), points) for lots, points in levels)
    if len(sound) > LEVELS_MAX:
        raise ValueError(f"there may be {LEVELS_MAX} levels at most, not {len(sound)}")
    for lots, points in sound:
        if not 0 < lots <= LOTS_MAX or not 0 <= points <= POINTS_MAX:
            raise ValueError(
                f"a level must have up to {LOTS_MAX} lots above 0, at 0 to {POINTS_MAX} points "
                f"worse, not {lots} at {points}"
            )
    if any(later < earlier for (_, earlier), (_, later) in pairwise(sound)):
        raise ValueError("the best price must come first")
    return sound
