"""What is counted of the bot."""

from prometheus_client import Counter

updates_total = Counter(
    "telegram_updates_total", "Updates handled, by what became of them.", ("outcome",)
)
loop_failures_total = Counter("telegram_loop_failures_total", "Rounds that failed.", ("loop",))
