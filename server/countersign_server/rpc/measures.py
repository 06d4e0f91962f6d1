"""What is counted of calls."""

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
