"""How many streams one caller may have open at a time."""

from collections import Counter as Tally
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from countersign_server.errors import TooManyStreams


class OpenStreams:
    """The streams of one kind that are open in this process, at most `most` of each caller."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Tally[UUID] = Tally()

    @contextmanager
    def one_of(self, caller_id: UUID) -> Generator[None]:
        """Count one stream more of a caller inside the block. Raises TooManyStreams."""
        if self._open[caller_id] >= self._most:
            raise TooManyStreams(f"{self._most} streams of this caller are open")
        self._open[caller_id] += 1
        try:
            yield
        finally:
            self._open[caller_id] -= 1
            if not self._open[caller_id]:
                del self._open[caller_id]
