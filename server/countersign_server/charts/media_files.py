"""Published pictures as files: by day and owner, under names that nobody can guess."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

_NAME_BYTES = 24


@dataclass(frozen=True, slots=True)
class Published:
    """A file, by its path below the media folder."""

    path: str
    expires_at: datetime


class MediaFolder:
    """Where published pictures lie. Its calls block, for a thread of their own."""

    def __init__(
        self,
        folder: Path,
        *,
        lifetime: timedelta,
        owner_bytes_max: int,
        new_name: Callable[[], str] = lambda: secrets.token_urlsafe(_NAME_BYTES),
    ) -> None:
        """`lifetime` is counted in whole days; at most `owner_bytes_max` are kept of one owner."""
        self._folder = folder
        self._lifetime = lifetime
        self._owner_bytes_max = owner_bytes_max
        self._new_name = new_name

    def publish(self, owner_id: UUID, picture: bytes, now: datetime) -> Published:
        """Write a picture: whole, or not at all; the owner's oldest make room."""
        day = now.astimezone(UTC).date()
        folder = self._folder / day.isoformat() / str(owner_id)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self._new_name()}.png"
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_bytes(picture)
        unfinished.replace(file)
        self._make_room(owner_id, file)
        end = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1) + self._lifetime
        return Published(str(file.relative_to(self._folder)), end)

    def clear(self, now: datetime) -> int:
        """Remove the days whose time is over; return how many."""
        over = [path for path, day in self._days() if _ends(day, self._lifetime) <= now]
        for path in over:
            shutil.rmtree(path)
        return len(over)

    def _make_room(self, owner_id: UUID, newest: Path) -> None:
        found = [
            (path.stat().st_mtime_ns, path.stat().st_size, path)
            for day, _ in self._days()
            for path in (day / str(owner_id)).glob("*.png")
        ]
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self._owner_bytes_max:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                held -= size

    def _days(self) -> list[tuple[Path, date]]:
        if not self._folder.is_dir():
            return []
        days: list[tuple[Path, date]] = []
        for path in self._folder.iterdir():
            try:
                days.append((path, date.fromisoformat(path.name)))
            except ValueError:
                continue  # somebody else's
        return days


def _ends(day: date, lifetime: timedelta) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1) + lifetime
