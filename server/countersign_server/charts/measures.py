"""What is counted of pictures."""

from prometheus_client import Counter, Histogram

renders_total = Counter("media_render_total", "Pictures drawn, by what they show.", ("type",))
cache_hits_total = Counter(
    "media_cache_hits_total", "Pictures that had been drawn before, by what they show.", ("type",)
)
placeholders_total = Counter(
    "media_placeholders_total", "Placeholders given for pictures, by what was wrong.", ("reason",)
)
render_seconds = Histogram(
    "media_render_seconds",
    "How long drawing took, waiting for a worker included.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
loop_failures_total = Counter(
    "media_loop_failures_total", "Rounds of clearing pictures away that failed."
)
