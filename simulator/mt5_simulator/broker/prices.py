"""Where prices come from: a script, a seeded walk, or recorded bars.

A feed hands out the quotes between two moments, in order, and remembers nothing a second feed with
the same seed would not.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.exact import make_exact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CATCH_UP_MAX = 2_000
"""The most ticks of one symbol a feed hands out at once. After a longer gap it skips to the end."""


FACTOR_MAX = 1_000.0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a symbol can be sold at (`bid`) and bought at (`ask`), from `time` on."""

    symbol: str
    time: datetime  # UTC
    bid: Decimal
    ask: Decimal
    ticks: int = 1  # how many recorded ones it stands for

    def __post_init__(self) -> None:
        make_exact(self, ("bid", "ask"))
        if self.time.tzinfo is None:
            raise ValueError(f"the time of a quote for {self.symbol} must be aware")
        if not Decimal(0) < self.bid <= self.ask:
            raise ValueError(
                f"a quote for {self.symbol} needs 0 < bid <= ask, not {self.bid} and {self.ask}"
            )


class Feed(Protocol):
    """Hands out quotes. Asked about moments in order, never twice about the same stretch."""

    @property
    def recorded(self) -> frozenset[str]:
        """The symbols it has recorded prices of; it makes up those of all others, or has none."""
        ...

    def quotes(self, symbol: Symbol, last: Quote, until: datetime) -> Iterable[Quote]:
        """Return the quotes after `last`, up to and including `until`, oldest first."""
        ...


class Script:
    """Quotes prepared beforehand; none of its own."""

    def __init__(self, quotes: Sequence[Quote] = ()) -> None:
        self._quotes = sorted(quotes, key=_quoted_at)
        self._recorded = frozenset(quote.symbol for quote in self._quotes)

    @property
    def recorded(self) -> frozenset[str]:
        return self._recorded

    def quotes(self, symbol: Symbol, last: Quote, until: datetime) -> Iterable[Quote]:
        first = bisect_right(self._quotes, last.time, key=_quoted_at)
        end = bisect_right(self._quotes, until, key=_quoted_at)
        return (quote for quote in self._quotes[first:end] if quote.symbol == symbol.name)


def _quoted_at(quote: Quote) -> datetime:
    return quote.time


class Walk:
    """A random walk: the same seed gives the same prices at the same moments.

    A spread is drawn between the symbol's own and `spread_factor_max` times as much. With a chance
    of `jump_chance` a tick moves `jump_factor` times as far as usual.
    """

    def __init__(
        self,
        seed: int,
        every: timedelta = timedelta(milliseconds=500),
        *,
        spread_factor_max: float = 1.0,
        jump_chance: float = 0.0,
        jump_factor: float = 50.0,
    ) -> None:
        if every <= timedelta(0):
            raise ValueError(f"every must be longer than nothing, not {every}")
        if not 1.0 <= spread_factor_max <= FACTOR_MAX or not 1.0 <= jump_factor <= FACTOR_MAX:
            raise ValueError(
                "spread_factor_max and jump_factor must be between 1 and "
                f"{FACTOR_MAX:.0f}, not {spread_factor_max} and {jump_factor}"
            )
        if not 0.0 <= jump_chance <= 1.0:
            raise ValueError(f"jump_chance must be between 0 and 1, not {jump_chance}")
        self.seed = seed
        self.every = every
        self._spread_factor_max = spread_factor_max
        self._jump_chance = jump_chance
        self._jump_factor = jump_factor

    @property
    def recorded(self) -> frozenset[str]:
        return frozenset()

    def quotes(self, symbol: Symbol, last: Quote, until: datetime) -> Iterator[Quote]:
        first, final = (last.time - EPOCH) // self.every + 1, (until - EPOCH) // self.every
        skipped = max(0, final - first + 1 - CATCH_UP_MAX)
        bid = last.bid
        if skipped:
            # A long gap is one wide step: a walk of n steps ends about sqrt(n) steps away.
            bid = self._step(symbol, first, bid, skipped**0.5)[0]
        for index in range(first + skipped, final + 1):
            bid, spread_points = self._step(symbol, index, bid, 1.0)
            ask = bid + spread_points * symbol.point
            yield Quote(symbol.name, EPOCH + index * self.every, bid, ask)

    def _step(self, symbol: Symbol, index: int, bid: Decimal, width: float) -> tuple[Decimal, int]:
        """Return the next bid, and the spread in points."""
        # Seeded per tick, so that a price depends on the moment and the walk so far, never on how
        # often somebody asked.
        draw = random.Random(f"{self.seed}/{symbol.name}/{index}")  # noqa: S311  # a simulation
        points = draw.gauss(0.0, symbol.volatility_points * width)
        if self._jump_chance and draw.random() < self._jump_chance:
            points *= self._jump_factor
        moved = symbol.rounded(bid + round(points) * symbol.point)
        spread = symbol.spread_points
        if self._spread_factor_max > 1.0:
            spread = round(spread * draw.uniform(1.0, self._spread_factor_max))
        return (moved if moved > symbol.start_price / 10 else bid), spread


Sides = tuple[Decimal, Decimal, Decimal, Decimal]
"""The open, high, low and close of one side of the market."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One recorded bar: bid prices, and the spread in points or else the asks themselves."""

    opens_at: datetime  # UTC
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    tick_volume: int
    spread_points: int
    asks: Sides | None = None

    def __post_init__(self) -> None:
        make_exact(self, ("open", "high", "low", "close"))

    def quotes(self) -> tuple[tuple[Decimal, Decimal | None, int], ...]:
        """Return the four bids in the order they are played, each with its ask where recorded.

        With each, how many of the bar's ticks it stands for. A rising bar visits its low first, a
        falling one its high: the usual reading of a bar.
        """
        parts = (0, 2, 1, 3) if self.close >= self.open else (0, 1, 2, 3)
        bids = (self.open, self.high, self.low, self.close)
        # A file that does not know how many there were has four.
        ticks = self.tick_volume or len(parts)
        shares = (ticks * (place + 1) // 4 - ticks * place // 4 for place in range(len(parts)))
        asks = self.asks or (None, None, None, None)
        return tuple(
            (bids[part], asks[part], share) for part, share in zip(parts, shares, strict=True)
        )


class Bars:
    """Recorded bars played as four quotes each: open, the two extremes, close."""

    def __init__(self, symbol: str, bars: Sequence[Bar], length: timedelta | None = None) -> None:
        self._symbol = symbol
        self._bars = sorted(bars, key=_opened_at)
        self._length = length_of(self._bars) if length is None else length
        if self._length <= timedelta(0):
            raise ValueError(f"length must be longer than nothing, not {self._length}")

    @property
    def recorded(self) -> frozenset[str]:
        return frozenset({self._symbol} if self._bars else ())

    def quotes(self, symbol: Symbol, last: Quote, until: datetime) -> Iterator[Quote]:
        if symbol.name != self._symbol:
            return
        # The bar that is still open at the last quote may have quotes left.
        first = bisect_right(self._bars, last.time - self._length, key=_opened_at)
        end = bisect_right(self._bars, until, key=_opened_at)
        for bar in self._bars[first:end]:
            for part, (price, recorded_ask, ticks) in enumerate(bar.quotes()):
                moment = bar.opens_at + self._length * part / 4
                if last.time < moment <= until:
                    bid = symbol.rounded(price)
                    ask = bid + bar.spread_points * symbol.point
                    if recorded_ask is not None:
                        ask = max(bid, symbol.rounded(recorded_ask))
                    yield Quote(symbol.name, moment, bid, ask, ticks)


def length_of(bars: Sequence[Bar]) -> timedelta:
    """Return how long each bar lasts: the shortest time to the next one. A lone one: a minute."""
    gaps = (later.opens_at - earlier.opens_at for earlier, later in pairwise(bars))
    return min(gaps, default=timedelta(minutes=1))


def _opened_at(bar: Bar) -> datetime:
    return bar.opens_at
