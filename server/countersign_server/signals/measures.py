"""What is counted of signals."""

from prometheus_client import Counter, Gauge, Histogram

signals_ingested_total = Counter(
    "signals_ingested_total", "Signals stored.", ("instrument", "side")
)
# Instruments are producers' own words: those that came first are counted by name, the rest as one.
_NAMED_MAX = 200
_OTHER = "other"
_named: set[str] = set()


def instrument_label(instrument: str) -> str:
    """Return the name under which an instrument is counted."""
    if instrument in _named or len(_named) < _NAMED_MAX:
        _named.add(instrument)
        return instrument
    return _OTHER


signals_refused_total = Counter(
    "signals_refused_total", "Signals not stored, by reason.", ("reason",)
)
signals_create_seconds = Histogram(
    "signals_create_seconds",
    "From a signal's arrival to its commit.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
ingest_waiting = Gauge("signals_ingest_waiting", "Signals that wait for the next commit.")
ingest_group_size = Histogram(
    "signals_ingest_group_size",
    "Signals stored in one commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048),
)
