"""What is counted of execution."""

from prometheus_client import Counter, Gauge, Histogram

sessions_open = Gauge("execution_sessions_open", "Bridges connected to this process.")
grants_total = Counter("execution_grants_total", "Grants given.")
denials_total = Counter("execution_denials_total", "Claims refused, by reason.", ("reason",))
deals_total = Counter("execution_deals_total", "Deals recorded.")
snapshot_gaps_total = Counter(
    "execution_snapshot_gaps_total",
    "Deltas of positions that followed nothing known; a whole snapshot was asked for.",
)
anomalies_total = Counter(
    "execution_anomalies_total", "Things that must not be, each in the audit."
)
commands_over_total = Counter(
    "execution_commands_over_total",
    "Commands that this process moved by its own clock.",
    ("state",),
)
offer_seconds = Histogram(
    "execution_offer_seconds",
    "From a command's approval to its first offer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30),
)
