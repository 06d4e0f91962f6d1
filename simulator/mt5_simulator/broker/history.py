"""What prices have been: ticks as they came, and bars of any timeframe made of minutes."""

import random
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import dropwhile, groupby, takewhile

from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.symbols import Symbol

TICKS_MAX = 100_000
"""How many ticks of a symbol are kept."""

MINUTES_MAX = 100_000
"""How many minute bars of a symbol are kept: what a terminal set to 100,000 bars holds."""

BACKFILL_MINUTES = 10_000
"""How many minutes of history a symbol has before its first tick: about a week of trading."""

_HOURS = 0x4000
_WEEKS = 0x8000
_MONTHS = 0xC000


@dataclass(frozen=True, slots=True)
class PriceBar:
    """Bid prices of one stretch of time. `opens_at` is server time, as an aware UTC datetime."""

    opens_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    ticks: int
    spread_points: int  # the smallest in the bar


class PriceHistory:
    """Ticks and minute bars of one symbol."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.ticks: deque[Quote] = deque(maxlen=TICKS_MAX)
        self._minutes: list[PriceBar] = []
        # The minutes before the first one, newest first: made up as far back as somebody looks.
        self._invented: list[PriceBar] = []
        self._inventing: Iterator[PriceBar] | None = None

    def take(self, quote: Quote, server_time: datetime) -> None:
        """Remember a quote that came at `server_time`."""
        self.ticks.append(quote)
        minute = server_time.replace(second=0, microsecond=0)
        spread = int((quote.ask - quote.bid) / self.symbol.point)
        last = self._minutes[-1] if self._minutes else None
        if last is None or last.opens_at != minute:
            bid = quote.bid
            self._minutes.append(PriceBar(minute, bid, bid, bid, bid, quote.ticks, spread))
            if len(self._minutes) > 2 * MINUTES_MAX:
                del self._minutes[:MINUTES_MAX]
                # What was made up no longer joins on.
                self._invented, self._inventing = [], iter(())
            return
        self._minutes[-1] = PriceBar(
            minute,
            last.open,
            high=max(last.high, quote.bid),
            low=min(last.low, quote.bid),
            close=quote.bid,
            ticks=last.ticks + quote.ticks,
            spread_points=min(last.spread_points, spread),
        )

    def frozen(self) -> "PriceHistory":
        """Return this history as it is, for whoever hears nothing more of it."""
        still = PriceHistory(self.symbol)
        still.ticks, still._minutes = self.ticks.copy(), self._minutes.copy()
        return still

    def latest_bars(
        self, timeframe: int, *, until: float | None = None, since: float | None = None
    ) -> Iterator[PriceBar]:
        """Yield a timeframe's bars that opened by `until` and from `since` on, newest first.

        Both are seconds of server time; None means no limit. The newest of all may not be over yet.
        What it costs depends on how many are taken and not on how many there are. Raises ValueError
        for a number that is no timeframe.
        """
        length = TIMEFRAMES.get(timeframe)
        if length is None:
            raise ValueError(f"{timeframe} is not a timeframe; see the TIMEFRAME_ constants")
        # A bar that opened by `until` may hold minutes of up to its length later.
        minutes = self._minutes_back(None if until is None else until + length.total_seconds())
        grouped = groupby(minutes, key=lambda bar: _opening(bar.opens_at, timeframe, length))
        bars = (_merged(opening, [*parts]) for opening, parts in grouped)
        if until is not None:
            bars = dropwhile(lambda bar: _opened(bar) > until, bars)
        return bars if since is None else takewhile(lambda bar: _opened(bar) >= since, bars)

    def _minutes_back(self, until: float | None) -> Iterator[PriceBar]:
        """Yield the minutes, newest first, made-up ones at last."""
        count = len(self._minutes)
        if until is not None:
            count = bisect_right(self._minutes, until, key=_opened)
        for index in range(count - 1, -1, -1):
            yield self._minutes[index]
        if self._inventing is None:
            self._inventing = _walked_back(self.symbol, self._minutes[0]) if self._minutes else None
        yield from self._invented
        for minute in self._inventing or ():
            self._invented.append(minute)
            yield minute


TIMEFRAMES = {
    **{minutes: timedelta(minutes=minutes) for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)},
    **{_HOURS | hours: timedelta(hours=hours) for hours in (1, 2, 3, 4, 6, 8, 12, 24)},
    _WEEKS | 1: timedelta(weeks=1),
    _MONTHS | 1: timedelta(days=31),
}


def _opening(moment: datetime, timeframe: int, length: timedelta) -> datetime:
    """Return when the bar that holds `moment` opened."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if timeframe & _MONTHS == _MONTHS:
        return midnight.replace(day=1)
    if timeframe & _WEEKS:
        # A week of bars begins on Sunday.
        return midnight - timedelta(days=moment.isoweekday() % 7)
    return midnight + (moment - midnight) // length * length


def _opened(bar: PriceBar) -> float:
    return bar.opens_at.timestamp()


def _merged(opening: datetime, newest_first: Sequence[PriceBar]) -> PriceBar:
    return PriceBar(
        opens_at=opening,
        open=newest_first[-1].open,
        high=max(part.high for part in newest_first),
        low=min(part.low for part in newest_first),
        close=newest_first[0].close,
        ticks=sum(part.ticks for part in newest_first),
        spread_points=min(part.spread_points for part in newest_first),
    )


def _walked_back(symbol: Symbol, first: PriceBar) -> Iterator[PriceBar]:
    """Invent the minutes before `first`, newest first; the same for the same symbol and start."""
    draw = random.Random(f"{symbol.name}/{first.opens_at.isoformat()}/{first.open}")  # noqa: S311  # a simulation
    close, minute = first.open, first.opens_at
    made = 0
    while made < BACKFILL_MINUTES:
        minute -= timedelta(minutes=1)
        if not symbol.is_open(minute):
            opening = _last_open_minute(symbol, minute)
            if opening is None:
                return
            minute = opening
        points = [round(draw.gauss(0, symbol.volatility_points * 4)) for _ in range(3)]
        opened = symbol.rounded(close - points[0] * symbol.point)
        if opened < symbol.start_price / 10:
            opened = close
        high = max(opened, close) + abs(points[1]) * symbol.point
        low = max(min(opened, close) - abs(points[2]) * symbol.point, symbol.point)
        ticks = draw.randint(20, 180)
        yield PriceBar(minute, opened, high, low, close, ticks, symbol.spread_points)
        close, made = opened, made + 1


def _last_open_minute(symbol: Symbol, before: datetime) -> datetime | None:
    """Return the last minute of the session before a closed moment. None: never in a week."""
    step = timedelta(minutes=15)
    for count in range(1, 7 * 24 * 4 + 1):
        moment = before - count * step
        if symbol.is_open(moment):
            # Back up to the last quarter of an hour that is open, then forward to its last minute.
            while symbol.is_open(moment + timedelta(minutes=1)):
                moment += timedelta(minutes=1)
            return moment
    return None
