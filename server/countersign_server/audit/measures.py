"""What is counted of the event log."""

from prometheus_client import Counter, Gauge

sealed_total = Counter("audit_sealed_total", "Entries sealed by this process.")
unsealed_entries = Gauge("audit_unsealed_entries", "Entries written and not sealed yet.")
seal_lag_seconds = Gauge(
    "audit_seal_lag_seconds", "Age of the oldest entry that is not sealed yet; 0: none."
)
seal_failures_total = Counter("audit_seal_failures_total", "Times that sealing failed.")
