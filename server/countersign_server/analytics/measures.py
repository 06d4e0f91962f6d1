"""What is counted of figures."""

from prometheus_client import Counter, Gauge

deals_counted_total = Counter("analytics_deals_counted_total", "Deals that figures were told of.")
recounts_total = Counter(
    "analytics_recounts_total", "Times that a deal came late and figures went back to before it."
)
readings_total = Counter("analytics_equity_readings_total", "Readings of equity that were kept.")
loop_failures_total = Counter(
    "analytics_loop_failures_total", "Rounds of counting that failed.", ("loop",)
)
account_failures_total = Counter(
    "analytics_account_failures_total",
    "Times that one account could not be counted or read, and was left for later.",
    ("loop",),
)
lag_seconds = Gauge(
    "analytics_lag_seconds", "How long the oldest deal of the last batch had waited to be counted."
)
