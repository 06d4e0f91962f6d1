"""Pictures of this process: those used last, for a time, up to so many bytes."""

from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

Key = tuple[UUID, bytes]


class PictureCache:
    """The key is whose picture it is, and what it shows."""

    def __init__(self, *, bytes_max: int, lifetime: timedelta) -> None:
        self._bytes_max = bytes_max
        self._lifetime = lifetime
        self._kept: OrderedDict[Key, tuple[datetime, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key, now: datetime) -> bytes | None:
        """Return a picture that is still good; None: there is none."""
        found = self._kept.get(key)
        if found is None:
            return None
        expires_at, picture = found
        if now >= expires_at:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return picture

    def put(self, key: Key, picture: bytes, now: datetime) -> None:
        """Keep a picture, and drop what was used longest ago to make room."""
        self._drop(key)
        if len(picture) > self._bytes_max:
            return
        self._kept[key] = (now + self._lifetime, picture)
        self._bytes += len(picture)
        while self._bytes > self._bytes_max:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        _, picture = self._kept.pop(key, (None, b""))
        self._bytes -= len(picture)
