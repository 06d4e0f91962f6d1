"""One JSON line for each thing worth knowing, with ids always under the same names."""

import logging
import sys

import structlog

# What must never reach a log, whatever a caller or a library puts under such a name.
_SECRET_NAMES = ("secret", "password", "token", "authorization", "private_key", "sealing_key")


def configure_logs(level: str) -> None:
    """Write structured logs to standard error from `level` on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            # Without the values of variables: they are callers' tokens and people's passwords.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_secrets(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "[removed]"
    return event
