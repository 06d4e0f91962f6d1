"""Accounts that could not be worked: each is come back to, later each time, in nobody's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Setback:
    pause: timedelta
    again_at: datetime


class Setbacks:
    """Whom to leave alone for now. Forgotten with the process: all are tried when it begins."""

    def __init__(self) -> None:
        self._by_account: dict[UUID, _Setback] = {}

    def resting(self, now: datetime) -> Sequence[UUID]:
        """Return the accounts that are not to be tried yet."""
        return [key for key, one in self._by_account.items() if now < one.again_at]

    def failed(self, account_id: UUID, now: datetime) -> None:
        """Leave an account alone, twice as long as the last time if it failed before."""
        before = self._by_account.get(account_id)
        pause = min(before.pause * 2, _LONGEST_PAUSE) if before else _FIRST_PAUSE
        self._by_account[account_id] = _Setback(pause, now + pause)

    def succeeded(self, account_id: UUID) -> None:
        self._by_account.pop(account_id, None)
