"""Bars of an account: those stored, and newer ones if the bridge is there to be asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.store import account
from countersign_server.accounts.symbol_store import symbol_of
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.devices.lease_store import is_leased
from countersign_server.errors import NotFound
from countersign_server.execution.rate_store import (
    RateRequest,
    Series,
    StoredBar,
    ask_for,
    newest_bars,
    request_of,
)

# An answer this young is asked for again only if it was too short.
_FRESH = timedelta(seconds=15)
_PATIENCE = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Rates:
    """Bars as they are known now. `failure`: why the bridge told none; empty: it did not fail."""

    series: Series
    bars: Sequence[StoredBar]
    failure: str


class RateDesk:
    """Where bars are asked for."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def newest(
        self, tenant: UUID | None, account_id: UUID, symbol: str, timeframe: str, *, count: int
    ) -> Rates:
        """Return the newest bars, after asking the bridge if need be and waiting for a moment.

        `symbol`: the broker's, or an instrument. Raises NotFound.
        """
        # Subscribed before it is asked, so that the answer cannot slip by.
        with self._wakeups.subscribe(f"rates:{account_id}") as bell:
            async with self._database.transaction(tenant) as tx:
                series = await _series(tx, account_id, symbol, timeframe)
                is_asked = await self._asked(tx, series, count)
            if is_asked:
                self._wakeups.ring(f"rates-asked:{account_id}")
            deadline = self._now() + _PATIENCE
            while True:
                async with self._database.transaction(tenant) as tx:
                    request = await request_of(tx, series)
                    bars = await newest_bars(tx, series, count=count)
                waits = is_asked and request is not None and request.answered_at is None
                if not waits or self._now() >= deadline:
                    return Rates(series, bars, _failure(request, waits=waits))
                await bell.wait(deadline - self._now())

    async def _asked(self, tx: AsyncConnection, series: Series, count: int) -> bool:
        """Ask the bridge, if one is there and its last answer is not good enough."""
        now, last = self._now(), await request_of(tx, series)
        if last is not None and not is_to_be_asked(last, count, now):
            return last.answered_at is None
        if not await is_leased(tx, series.account_id, now):
            return False
        await ask_for(tx, series, count, now)
        return True


def is_to_be_asked(last: RateRequest, count: int, now: datetime) -> bool:
    """Tell whether to ask again: the last answer is old, too short, or has not come for long."""
    if last.count < count:
        return True
    since = last.asked_at if last.answered_at is None else last.answered_at
    return now - since >= _FRESH


async def _series(tx: AsyncConnection, account_id: UUID, symbol: str, timeframe: str) -> Series:
    held = await account(tx, account_id)
    if held is None:
        raise NotFound(f"no account {account_id}", account_id=str(account_id))
    mapped = await symbol_of(tx, account_id, symbol)
    name = mapped.symbol if mapped is not None else symbol
    return Series(account_id, held.owner_id, name, timeframe)


def _failure(request: RateRequest | None, *, waits: bool) -> str:
    if waits:
        return "NOT_ANSWERED_IN_TIME"
    return "NOT_CONNECTED" if request is None else request.failure
