"""Where on a chart times are written. Bars stand side by side: nights and weekends take no room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def labels_of(times: Sequence[datetime], zone: str, *, at_most: int) -> list[tuple[int, str]]:
    """Return which bars get a label, and which: the day where a new one begins, else the time."""
    local = [moment.astimezone(ZoneInfo(zone)) for moment in times]
    if len(local) == 1:
        return [(0, f"{local[0]:%d %b %Y %H:%M}")]
    step = max(1, -(-len(local) // max(at_most, 1)))
    chosen = range(0, len(local), step)
    is_daily = all(b - a >= _DAY for a, b in pairwise(local))
    labels: list[tuple[int, str]] = []
    before: datetime | None = None
    for at in chosen:
        labels.append((at, _label(local[at], before, is_daily=is_daily)))
        before = local[at]
    return labels


def _label(moment: datetime, before: datetime | None, *, is_daily: bool) -> str:
    if before is None or before.year != moment.year:
        return f"{moment:%d %b %Y}"
    if is_daily or before.date() != moment.date():
        return f"{moment:%d %b}"
    return f"{moment:%H:%M}"
