"""How much was traded at which price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from countersign_server.charts.bars import Bar, Columns, Floats

# The share of all volume that the value area holds, by convention.
VALUE_AREA = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Volume by price: `volumes` of the levels between neighbouring `edges`."""

    edges: Floats
    volumes: Floats
    value_low: float
    value_high: float

    @property
    def point_of_control(self) -> float:
        """Return the middle of the level with most volume."""
        level = int(self.volumes.argmax())
        return float(self.edges[level] + self.edges[level + 1]) / 2


def volume_profile(bars: Sequence[Bar], levels: int) -> Profile:
    """Return the profile of one bar or more: each bar's volume lies evenly between low and high."""
    columns = Columns.of(bars)
    low, high = float(columns.low.min()), float(columns.high.max())
    if high <= low:
        high = low + (abs(low) or 1.0) * 1e-6
    edges = np.linspace(low, high, levels + 1)
    volumes = np.zeros(levels)
    for bar in bars:
        height = bar.high - bar.low
        if height <= 0:
            at = min(int(np.searchsorted(edges, bar.low, side="right")) - 1, levels - 1)
            volumes[at] += bar.volume
            continue
        within = np.clip(np.minimum(edges[1:], bar.high) - np.maximum(edges[:-1], bar.low), 0, None)
        volumes += bar.volume * within / height
    first, last = _value_area(volumes)
    return Profile(edges, volumes, float(edges[first]), float(edges[last + 1]))


def _value_area(volumes: Floats) -> tuple[int, int]:
    """Return the first and the last level around the largest that together hold most volume."""
    first = last = int(volumes.argmax())
    wanted, held = VALUE_AREA * float(volumes.sum()), float(volumes[first])
    while held < wanted and (first > 0 or last < len(volumes) - 1):
        below = float(volumes[first - 1]) if first > 0 else -1.0
        above = float(volumes[last + 1]) if last < len(volumes) - 1 else -1.0
        if above >= below:
            last += 1
            held += above
        else:
            first -= 1
            held += below
    return first, last
