"""What is counted of calls."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from prometheus_client import Counter, Gauge, Histogram

calls_total = Counter(
    "grpc_server_handled_total", "Calls that ended, by method and code.", ("method", "code")
)
call_seconds = Histogram(
    "grpc_server_handling_seconds",
    "How long calls took, by method; streams until they ended.",
    ("method",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
calls_open = Gauge("grpc_server_open_calls", "Calls that have begun and not ended.", ("method",))


@dataclass(frozen=True, slots=True)
class Measures:
    """What is counted of the calls of one method, looked up once and not for each call."""

    method: str
    open: Gauge
    seconds: Histogram
    total: Callable[[str], Counter]  # by code


def measures_of(method: str) -> Measures:
    return Measures(
        method=method,
        open=calls_open.labels(method),
        seconds=call_seconds.labels(method),
        total=cache(partial(calls_total.labels, method)),
    )
