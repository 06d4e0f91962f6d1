"""What a loop says of a failure: a line while the database is away, everything if it is a bug."""

from typing import Any

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError as NoConnection

_OUTAGES = (OperationalError, InterfaceError, NoConnection, psycopg.OperationalError, OSError)


def is_outage(error: Exception) -> bool:
    """Tell whether the database is to blame: the same again may succeed."""
    return isinstance(error, _OUTAGES)


def log_failure(log: Any, event: str, error: Exception, **facts: object) -> None:  # noqa: ANN401  # a logger
    """Log that a step failed, which is tried again: an outage needs no traceback each time."""
    if is_outage(error):
        log.warning(event, error=str(error).splitlines()[0][:300], **facts)
    else:
        log.error(event, exc_info=error, **facts)
