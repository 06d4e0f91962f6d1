"""What is counted of comparisons."""

from prometheus_client import Counter, Gauge, Histogram

runs_total = Counter("reconciliation_runs_total", "Comparisons, by how they ended.", ("result",))
run_seconds = Histogram(
    "reconciliation_run_seconds",
    "How long a comparison took, its commit included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
divergences_total = Counter(
    "reconciliation_divergences_total",
    "Divergences, by kind and by what became of them.",
    ("kind", "state"),
)
lag_seconds = Gauge(
    "reconciliation_lag_seconds", "How late the account was that this process compared last."
)
breakers_tripped_total = Counter(
    "reconciliation_breakers_tripped_total", "Accounts left alone after failures in a row."
)
loop_failures_total = Counter(
    "reconciliation_loop_failures_total", "Rounds of the scheduler that failed."
)
