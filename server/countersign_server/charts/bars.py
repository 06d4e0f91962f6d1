"""Prices over time, as they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. Prices are for drawing only, hence floats; `time` is when it began, in UTC."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The same bars as arrays of one length."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> "Columns":
        return cls(
            *(
                np.array([getattr(bar, name) for bar in bars], dtype=np.float64)
                for name in ("open", "high", "low", "close", "volume")
            )
        )

    @property
    def rises(self) -> NDArray[np.bool_]:
        """Return which bars closed at or above their opening."""
        return self.close >= self.open
