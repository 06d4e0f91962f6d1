"""What is counted of sign-ins, and how fresh the memory of keys and revocations is."""

from prometheus_client import Counter, Gauge

sign_ins_total = Counter(
    "sign_ins_total",
    "Attempts to sign in, by what was offered as proof and the reason they were refused, or OK.",
    ("proof", "outcome"),
)
revocations_read_seconds = Gauge(
    "revocations_read_timestamp_seconds", "When the revocations were last read, as Unix time."
)
signing_keys_read_seconds = Gauge(
    "signing_keys_read_timestamp_seconds", "When the signing keys were last read, as Unix time."
)
expired_rows_forgotten_total = Counter(
    "identity_expired_rows_forgotten_total",
    "Invitations, refresh tokens, revocations and counts of attempts that were deleted.",
)
