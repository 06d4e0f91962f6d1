"""Messages between a program and a served terminal: one JSON object per line."""

import json
from io import BufferedIOBase
from typing import Any, cast

LINE_BYTES_MAX = 64 * 1024 * 1024
"""The longest message: a full tick history fits, a runaway does not."""


class LineTooLong(ValueError):
    """A message beyond the limit; the connection cannot go on."""


def write(stream: BufferedIOBase, message: dict[str, Any]) -> None:
    """Send one message. Raises OSError when the other side is gone."""
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def read(stream: BufferedIOBase) -> dict[str, Any] | None:
    """Return the next message, or None when the other side has closed or died mid-message.

    Raises LineTooLong, and ValueError for anything but a JSON object.
    """
    line = stream.readline(LINE_BYTES_MAX + 1)
    if not line.endswith(b"\n"):
        if len(line) > LINE_BYTES_MAX:
            raise LineTooLong(f"a message may have at most {LINE_BYTES_MAX} bytes")
        return None
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message must be a JSON object")  # noqa: TRY004  # bad data, not a bad type
    return cast("dict[str, Any]", message)
