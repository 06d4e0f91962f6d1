"""What is counted of guards."""

from prometheus_client import Counter, Gauge, Histogram

guards_state = Gauge("guards_state", "Accounts in each trading state.", ("state",))
tripped_total = Counter(
    "guards_tripped_total",
    "Latches set by a rule here, by what the rule measures from.",
    ("rule",),
)
closings_total = Counter("guards_closings_total", "Closes and cancels that guards sent.")
closings_failed_total = Counter(
    "guards_closings_failed_total", "Closes and cancels by guards that have to be tried again."
)
breach_to_close_seconds = Histogram(
    "guards_breach_to_close_seconds",
    "From the storing of the view that decided to the first close that was sent.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
view_lag_seconds = Gauge(
    "guards_view_lag_seconds", "How long the view judged last had waited to be judged."
)
loop_failures_total = Counter(
    "guards_loop_failures_total", "Accounts that could not be judged when they were to be."
)
