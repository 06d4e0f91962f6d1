"""What is counted of approvals."""

from prometheus_client import Counter, Gauge, Histogram

approvals_total = Counter("approvals_total", "Approvals that were settled, by how.", ("decision",))
planning_failures_total = Counter(
    "approvals_planning_failures_total", "Accounts declined because their plan could not be made."
)
undeliverable_total = Counter(
    "approvals_undeliverable_total", "Stored signals that could not be read, and reached nobody."
)
loop_failures_total = Counter(
    "approvals_loop_failures_total", "Rounds of a loop that failed and were tried again.", ("loop",)
)
delivery_seconds = Histogram(
    "signals_delivery_seconds",
    "From a signal's arrival to its commit before the accounts that follow.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
fan_out_lag_seconds = Gauge(
    "approvals_fan_out_lag_seconds",
    "Age of the oldest signal that waits for delivery; 0: none waits.",
)
expiry_lag_seconds = Gauge(
    "approvals_expiry_lag_seconds", "How late the last entry that expired was marked so."
)
