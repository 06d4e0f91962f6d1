"""The keys that signals are verified with, without a query for each signal."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.producer import KeyAlgorithm, VerifiedKey
from countersign_server.accounts.producer_store import keys_with_producers, touch_keys
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identity.vault import Vault

TOPIC = "producers"

# What another process changed is seen after this long, even if its doorbell was not heard.
_FRESH_SECONDS = 5.0
_WRITE_PERIOD = timedelta(minutes=1)
# Key ids come from callers: what is remembered of those that do not exist must not grow with them.
_REMEMBERED_MAX = 10_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Remembered:
    key: VerifiedKey | None  # None: there is no such key
    read_at: float  # monotonic seconds


class ProducerKeys:
    """Every key that was asked for lately, at most five seconds old: never the truth, a copy."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        wakeups: Wakeups,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._vault = vault
        self._wakeups = wakeups
        self._now = now
        self._clock = clock
        self._remembered: dict[str, _Remembered] = {}
        # Counts what was dropped: an answer that was on its way meanwhile is not remembered.
        self._drops = 0
        self._reading = asyncio.Lock()
        self._used_at: dict[str, datetime] = {}

    async def get(self, key_id: str) -> VerifiedKey | None:
        """Return a key with its secret, ended or not; None: there is no such key."""
        found = self._fresh(key_id)
        if found is None:
            async with self._reading:
                found = self._fresh(key_id) or await self._read(key_id)
        return found.key

    def note_use(self, key_id: str) -> None:
        """Remember that the key has signed an accepted signal; written down once a minute."""
        self._used_at[key_id] = self._now()

    def forget(self) -> None:
        """Drop everything: something about keys or producers has changed."""
        self._drops += 1
        self._remembered.clear()

    async def run(self) -> None:
        """Drop what is remembered at the doorbell, and write down the uses of keys; for ever."""
        write_at = self._clock() + _WRITE_PERIOD.total_seconds()
        with self._wakeups.subscribe(TOPIC) as wakeup:
            while True:
                patience = timedelta(seconds=max(0.0, write_at - self._clock()))
                if await wakeup.wait(patience):
                    self.forget()
                if self._clock() >= write_at:
                    write_at = self._clock() + _WRITE_PERIOD.total_seconds()
                    await self.write_uses()

    async def write_uses(self) -> None:
        """Write down when keys were last used; what could not be written waits for next time."""
        used_at, self._used_at = self._used_at, {}
        if not used_at:
            return
        try:
            async with self._database.transaction(None) as tx:
                await touch_keys(tx, used_at)
        except (SQLAlchemyError, OSError) as error:
            self._used_at = used_at | self._used_at
            log.warning("uses of keys not written", keys=len(used_at), error=str(error))

    def _fresh(self, key_id: str) -> _Remembered | None:
        found = self._remembered.get(key_id)
        if found is None or self._clock() - found.read_at >= _FRESH_SECONDS:
            return None
        return found

    async def _read(self, key_id: str) -> _Remembered:
        # Before the read: what is true when it is asked is at most so old.
        read_at, drops = self._clock(), self._drops
        async with self._database.transaction(None) as tx:
            rows = await keys_with_producers(tx, [key_id])
        found = _Remembered(self._verified(rows[0]) if rows else None, read_at)
        if drops == self._drops:
            # Out and in again, so that the first is always the one that was read longest ago.
            self._remembered.pop(key_id, None)
            if len(self._remembered) >= _REMEMBERED_MAX:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[key_id] = found
        return found

    def _verified(self, row: Row[Any]) -> VerifiedKey:
        algorithm = KeyAlgorithm(row.algorithm)
        return VerifiedKey(
            id=row.id,
            producer_id=row.producer_id,
            owner_id=row.owner_id,
            algorithm=algorithm,
            key=self._vault.open(row.secret_sealed, bound_to=row.id)
            if algorithm is KeyAlgorithm.HMAC_SHA256
            else row.public_key,
            revoked_at=row.revoked_at,
            instruments=frozenset(row.instruments),
            paused=row.paused,
            trading_state=TradingState(row.trading_state),
        )
