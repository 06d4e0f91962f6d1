"""What the bridge says of itself: one JSON object a line, with ids and without secrets."""

import sys
from logging import INFO, Handler, StreamHandler, getLogger
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog


def configure_logs(*, file: Path | None, bytes_max: int, files_max: int) -> None:
    """Log to standard error, or to `file` and its predecessors."""
    handler: Handler = StreamHandler(sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(file, maxBytes=bytes_max, backupCount=files_max - 1)
    root = getLogger()
    root.handlers = [handler]
    root.setLevel(INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(INFO),
        cache_logger_on_first_use=False,
    )
