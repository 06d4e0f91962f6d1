"""Bars over the channel: bridges are asked for what charts need, and what they tell is kept.

Whatever goes wrong here, trading goes on: bars are asked for again.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog

from countersign.v1 import execution_pb2 as pb
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.decimals import FRACTION_DIGITS
from countersign_server.execution.live_session import LiveSession
from countersign_server.execution.rate_store import (
    Series,
    StoredBar,
    answer_request,
    keep_bars,
    request_of,
    waiting_requests,
)
from countersign_server.rpc.validation import RulesBroken, check

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_EVERY = timedelta(seconds=10)
# One question is under way at a time; the next is asked when it was answered.
_AT_ONCE = 1
# A question that a bridge does not understand must not hold up the next.
_GIVEN_UP_AFTER = timedelta(seconds=30)
_PRICE_END = 1e12

log = structlog.get_logger()


class RateFeed:
    """Asks bridges for bars, and keeps what they tell."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def attend(self, session: LiveSession) -> str:
        """Ask whenever somebody wants bars, until cancelled."""
        account_id = session.opened.account_id
        with self._wakeups.subscribe(f"rates-asked:{account_id}") as bell:
            while True:
                try:
                    await self._ask(session)
                except Exception as error:  # noqa: BLE001  # a session is worth more than a chart
                    log.warning("bars not asked for", account_id=str(account_id), error=str(error))
                await bell.wait(_LOOK_EVERY)

    async def keep(self, session: LiveSession, frames: Iterable[pb.ChannelRequest]) -> None:
        """Keep the bars among frames, if they were asked for."""
        told = [frame.rates for frame in frames if _tells_rates(frame)]
        if not told:
            return
        account_id = session.opened.account_id
        try:
            for report in told:
                await self._keep_one(session, report)
        except Exception as error:  # noqa: BLE001  # as above
            log.warning("bars not kept", account_id=str(account_id), error=str(error))
        self._wakeups.ring(f"rates:{account_id}", f"rates-asked:{account_id}")

    async def _ask(self, session: LiveSession) -> None:
        async with self._database.transaction(session.opened.owner_id) as tx:
            since = self._now() - _GIVEN_UP_AFTER
            waiting = await waiting_requests(
                tx, session.opened.account_id, since=since, limit=_AT_ONCE
            )
        for one in waiting:
            session.say(
                fetch_rates=pb.FetchRates(
                    symbol=one.symbol, timeframe=one.timeframe, count=one.count
                )
            )

    async def _keep_one(self, session: LiveSession, report: pb.RatesReport) -> None:
        opened = session.opened
        series = Series(opened.account_id, opened.owner_id, report.symbol, report.timeframe)
        async with self._database.transaction(opened.owner_id) as tx:
            asked = await request_of(tx, series)
            if asked is None or asked.answered_at is not None:
                return
            await keep_bars(tx, series, bars_of(report))
            if report.last:
                await answer_request(tx, series, failure=report.failure, now=self._now())


def bars_of(report: pb.RatesReport) -> Sequence[StoredBar]:
    """Return the bars of a report by UTC, without those that cannot be; the last of one time."""
    offset = report.broker_utc_offset.ToTimedelta()
    columns = (report.opens, report.highs, report.lows, report.closes, report.volumes)
    if any(len(column) != len(report.times) for column in columns):
        return []
    found: dict[int, StoredBar] = {}
    for time, opening, high, low, close, volume in zip(report.times, *columns, strict=True):
        if _is_sound(time, opening, high, low, close) and 0 <= volume < 2**63:
            began = _EPOCH + timedelta(seconds=time) - offset
            found[time] = StoredBar(
                began, _price(opening), _price(high), _price(low), _price(close), volume
            )
    return list(found.values())


def _tells_rates(frame: pb.ChannelRequest) -> bool:
    if not frame.HasField("rates"):
        return False
    try:
        check(frame)
    except RulesBroken:
        return False  # the intake says so aloud
    return True


def _is_sound(time: int, opening: float, high: float, low: float, close: float) -> bool:
    ordered = 0 < low <= min(opening, close) <= max(opening, close) <= high < _PRICE_END
    return ordered and math.isfinite(high) and 0 <= time < 2**33


def _price(value: float) -> Decimal:
    return round(Decimal(repr(value)), FRACTION_DIGITS)
