"""How long to wait before trying again."""

from datetime import timedelta

_FIRST = timedelta(milliseconds=200)
_LONGEST = timedelta(seconds=3)


def reconnect_delay(failures: int, jitter: float) -> timedelta:
    """Return the wait after so many failures in a row, 0 or more. `jitter` is drawn from [0, 1).

    Doubles up to three seconds; between half of it and the whole, so that bridges that lost the
    same server do not all return at once.
    """
    ceiling = min(_FIRST * 2 ** min(failures, 10), _LONGEST)
    return ceiling * (0.5 + jitter / 2)
