"""What is counted of affiliates."""

from prometheus_client import Counter, Gauge

commissions_total = Counter(
    "affiliate_commissions_total",
    "Closed trades of people who were referred, by what came of them.",
    ("result",),
)
payouts_total = Counter(
    "affiliate_payouts_total", "Payouts, by the state that they came to.", ("state",)
)
referrals_total = Counter("affiliate_referrals_total", "People whose referrer was recorded.")
lag_entries = Gauge(
    "affiliate_lag_entries", "Sealed audit entries not yet looked through for closed trades."
)
loop_failures_total = Counter(
    "affiliate_loop_failures_total", "Rounds of the commission loop that failed."
)
