"""What prices have been: ticks as they came, and bars of any timeframe made of minutes."""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

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
        self.ticks: deque[Quote] = deque(maxlen=TICKS_MAX)
        self._symbol = symbol
        self._minutes: deque[PriceBar] = deque(maxlen=MINUTES_MAX)
        self._backfill: list[PriceBar] | None = None

    def take(self, quote: Quote, server_time: datetime) -> None:
        """Remember a quote that came at `server_time`."""
        self.ticks.append(quote)
        minute = server_time.replace(second=0, microsecond=0)
        spread = int((quote.ask - quote.bid) / self._symbol.point)
        last = self._minutes[-1] if self._minutes else None
        if last is None or last.opens_at != minute:
            bid = quote.bid
            self._minutes.append(PriceBar(minute, bid, bid, bid, bid, 1, spread))
            return
        self._minutes[-1] = PriceBar(
            minute,
            last.open,
            high=max(last.high, quote.bid),
            low=min(last.low, quote.bid),
            close=quote.bid,
            ticks=last.ticks + 1,
            spread_points=min(last.spread_points, spread),
        )

    def bars(self, timeframe: int) -> list[PriceBar]:
        """Return all bars of a timeframe, oldest first. The last one may not be over yet.

        Raises ValueError for a number that is no timeframe.
        """
        length = TIMEFRAMES.get(timeframe)
        if length is None:
            raise ValueError(f"{timeframe} is not a timeframe; see the TIMEFRAME_ constants")
        minutes = [*self._before_the_first_tick(), *self._minutes]
        grouped = groupby(minutes, key=lambda bar: _opening(bar.opens_at, timeframe, length))
        return [_merged(opening, bars) for opening, bars in grouped]

    def _before_the_first_tick(self) -> list[PriceBar]:
        if not self._minutes:
            return []
        if self._backfill is None:
            self._backfill = list(_walked_back(self._symbol, self._minutes[0]))[::-1]
        return self._backfill


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


def _merged(opening: datetime, bars: Iterable[PriceBar]) -> PriceBar:
    parts = list(bars)
    return PriceBar(
        opens_at=opening,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        ticks=sum(part.ticks for part in parts),
        spread_points=min(part.spread_points for part in parts),
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
