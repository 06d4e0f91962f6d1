"""Moving averages, as MetaTrader draws them. Before the first whole period there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from countersign_server.charts.bars import Floats

PERIOD_MAX = 1000


class Method(StrEnum):
    """How earlier values count."""

    SIMPLE = "simple"
    EXPONENTIAL = "exponential"
    SMOOTHED = "smoothed"
    WEIGHTED = "weighted"


@dataclass(frozen=True, slots=True)
class Average:
    """A moving average of closing prices over `period` bars."""

    period: int
    method: Method = Method.SIMPLE


def moving_average(values: Floats, average: Average) -> Floats:
    """Return the average at each value; not a number before the period is full."""
    if len(values) < average.period:
        return np.full(len(values), np.nan)
    return _METHODS[average.method](values, average.period)


def _simple(values: Floats, period: int) -> Floats:
    sums = np.cumsum(np.concatenate(([0.0], values)))
    return _padded((sums[period:] - sums[:-period]) / period, period)


def _weighted(values: Floats, period: int) -> Floats:
    weights = np.arange(1, period + 1, dtype=np.float64)
    return _padded(np.convolve(values, weights[::-1], mode="valid") / weights.sum(), period)


def _exponential(values: Floats, period: int) -> Floats:
    return _recursive(values, period, 2.0 / (period + 1.0))


def _smoothed(values: Floats, period: int) -> Floats:
    return _recursive(values, period, 1.0 / period)


def _recursive(values: Floats, period: int, share: float) -> Floats:
    """Begin with the simple average of the first period, then follow by a share of each step."""
    current = float(values[:period].mean())
    followed = [current]
    for value in values[period:]:
        current += (float(value) - current) * share
        followed.append(current)
    return _padded(np.array(followed), period)


def _padded(averages: Floats, period: int) -> Floats:
    return np.concatenate((np.full(period - 1, np.nan), averages))


_METHODS: Mapping[Method, Callable[[Floats, int], Floats]] = MappingProxyType(
    {
        Method.SIMPLE: _simple,
        Method.EXPONENTIAL: _exponential,
        Method.SMOOTHED: _smoothed,
        Method.WEIGHTED: _weighted,
    }
)
