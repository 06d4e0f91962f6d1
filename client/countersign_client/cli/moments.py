"""Times and spans as people read and write them."""

import re
from datetime import UTC, datetime, timedelta

from countersign_client.errors import invalid_value

_EPOCH = datetime.fromtimestamp(0, UTC)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def is_given(moment: datetime) -> bool:
    """Tell whether a time of a message is there; one that is not shows as 1970."""
    return moment != _EPOCH


def time_text(moment: datetime) -> str:
    """Return "2026-11-21 10:00:00Z"; empty if the time is not given."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if is_given(moment) else ""


def countdown(moment: datetime, now: datetime) -> str:
    """Return how far away a moment is: "in 42 s", "2 min ago"; empty if it is not given."""
    if not is_given(moment):
        return ""
    seconds = int((moment - now).total_seconds())
    return f"in {_span(seconds)}" if seconds > 0 else f"{_span(-seconds)} ago"


def read_span(text: str, *, field: str) -> timedelta:
    """Return the span that "90s", "5m", "2h" or "1d" names. Raises Invalid."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    if match is None:
        raise invalid_value(
            f"{field} must be a span such as 90s, 5m, 2h or 1d, not {text!r:.20}", field=field
        )
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def read_time(text: str, *, field: str) -> datetime:
    """Return the time that "2026-11-21T10:00:00Z" names, UTC if it says no zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_value(
            f"{field} must be a time such as 2026-11-21T10:00:00Z, not {text!r:.40}", field=field
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _span(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"
