"""What is counted of notifications."""

from prometheus_client import Counter, Gauge, Histogram

announced_total = Counter(
    "notifications_announced_total",
    "Notifications made, by the way they go and what they are about.",
    ("channel", "topic"),
)
attempts_total = Counter(
    "notification_attempts_total",
    "Attempts to deliver, by the way they go and how they ended.",
    ("channel", "outcome"),
)
dead_total = Counter(
    "notifications_dead_total",
    "Notifications given up, by the way they should have gone.",
    ("channel",),
)
delivery_seconds = Histogram(
    "notification_delivery_seconds",
    "From when a notification was made to when it was delivered.",
    ("channel",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 259_200),
)
lag_events = Gauge(
    "notification_lag_events", "Sealed events that nobody was told of yet, as this process saw it."
)
waiting = Gauge(
    "notification_oldest_waiting_seconds", "How long the oldest notification has been waiting."
)
loop_failures_total = Counter(
    "notification_loop_failures_total", "Rounds that failed, by loop.", ("loop",)
)
