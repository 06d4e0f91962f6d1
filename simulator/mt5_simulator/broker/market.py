"""The instruments of a broker and their present prices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mt5_simulator.broker.codes import Side
from mt5_simulator.broker.history import PriceHistory
from mt5_simulator.broker.levels import Level, sound_levels
from mt5_simulator.broker.money import Rates
from mt5_simulator.broker.prices import EPOCH, Feed, Quote
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.exact import Number

END = datetime.max.replace(tzinfo=UTC)


class Market:
    """Symbols, their latest quotes, and how much can be traded at them."""

    def __init__(
        self, *, symbols: Sequence[Symbol], feed: Feed, offset: timedelta, now: datetime
    ) -> None:
        self.symbols: dict[str, Symbol] = {symbol.name: symbol for symbol in symbols}
        self.offset = offset  # server time minus UTC
        self.quotes: dict[str, Quote] = {}
        self.halted: set[str] = set()  # symbols whose price only a script moves
        self._awaiting: set[str] = set()  # those of them whose market has not opened since
        self._feed = feed
        self._liquidity: dict[str, tuple[Level, ...]] = {}
        self._fed_until = now
        self.first_names: dict[str, str] = {}  # of symbols that were renamed
        # Where the feed stands, for symbols that are closed: nobody is shown these.
        self._unshown: dict[str, Quote] = {}
        self._days: dict[str, tuple[date, Decimal, Decimal, Decimal]] = {}
        self._histories: dict[str, PriceHistory] = {}
        if unknown := sorted(feed.recorded - set(self.symbols)):
            raise ValueError(
                f"prices were recorded of {unknown[0]}, which is no symbol of this broker: "
                f"give it that symbol, or record one of {', '.join(self.symbols)}"
            )
        for symbol in symbols:
            self._begin(symbol, now)

    def _begin(self, symbol: Symbol, now: datetime) -> None:
        """Take what was recorded before `now`, or begin with the first price there will be."""
        ask = symbol.start_price + symbol.spread_points * symbol.point
        first = Quote(symbol.name, EPOCH, symbol.start_price, ask)
        if symbol.name in self._feed.recorded:
            for quote in self._shown(symbol, self._feed.quotes(symbol, first, now)):
                self._take(quote)
            first = next(iter(self._feed.quotes(symbol, first, END)), first)
        if symbol.name not in self.quotes:
            self._take(Quote(symbol.name, now, first.bid, first.ask))

    def frozen(self) -> "Market":
        """Return this market as it stands, for whoever hears nothing more of it."""
        still: Market = copy(self)
        still.symbols, still.quotes = dict(self.symbols), dict(self.quotes)
        still._days, still._liquidity = dict(self._days), dict(self._liquidity)
        still._histories = {name: past.frozen() for name, past in self._histories.items()}
        return still

    @property
    def rates(self) -> Rates:
        return Rates(self.symbols, self.quotes)

    @property
    def liquidity(self) -> Mapping[str, tuple[Level, ...]]:
        return self._liquidity

    def fresh_quotes(self, now: datetime) -> Iterator[Quote]:
        """Take each quote up to `now` into account, oldest first, and yield it."""
        if now <= self._fed_until:
            return
        arrived = [
            quote
            for symbol in self.symbols.values()
            if symbol.name not in self.halted
            for quote in self._shown(symbol, self._fed(symbol, now))
        ]
        self._fed_until = now
        for quote in sorted(arrived, key=lambda quote: (quote.time, quote.symbol)):
            self._take(quote)
            yield quote

    def _fed(self, symbol: Symbol, now: datetime) -> Iterator[Quote]:
        """Yield what the feed has, which knows a symbol by the name it was first called."""
        first_name = self.first_names.get(symbol.name, symbol.name)
        last = replace(self._last_fed(symbol.name), symbol=first_name)
        for quote in self._feed.quotes(replace(symbol, name=first_name), last, now):
            yield quote if quote.symbol == symbol.name else replace(quote, symbol=symbol.name)

    def _shown(self, symbol: Symbol, quotes: Iterable[Quote]) -> Iterator[Quote]:
        """Yield the quotes of an open market.

        A closed one's price moves on unseen, so that the next session opens with a gap.
        """
        for quote in quotes:
            if symbol.is_open(self.server_time(quote.time)):
                self._unshown.pop(symbol.name, None)
                yield quote
            else:
                self._unshown[symbol.name] = quote

    def _last_fed(self, symbol: str) -> Quote:
        # A quote set by hand is where the feed goes on, but not before the moment it stopped at.
        quote = self._unshown.get(symbol) or self.quotes[symbol]
        return replace(quote, time=max(quote.time, self._fed_until))

    def set_quote(self, quote: Quote) -> None:
        """Set a price by hand. From then on nothing but a hand moves this symbol."""
        self.halted.add(quote.symbol)
        self._unshown.pop(quote.symbol, None)
        self._take(quote)
        self._awaiting.discard(quote.symbol)
        if not self.is_open(quote.symbol, quote.time):
            self._awaiting.add(quote.symbol)

    def opening_quotes(self, now: datetime) -> list[Quote]:
        """Take into account, and return, what was set by hand while a market was closed.

        Each is the first price of a market that has opened since.
        """
        opened = [name for name in sorted(self._awaiting) if self.is_open(name, now)]
        first = [replace(self.quotes[name], time=now) for name in opened]
        for quote in first:
            self.set_quote(quote)
        return first

    def resume(self, symbol: str, now: datetime) -> None:
        """Let the feed move the symbol again."""
        self.halted.discard(symbol)
        self._awaiting.discard(symbol)
        self._fed_until = max(now, self._fed_until)

    def replace_symbol(self, name: str, symbol: Symbol) -> None:
        """Put other terms, or another name, in a symbol's place. Its prices go with it.

        Raises KeyError for an unknown symbol, and ValueError for a name that is taken.
        """
        if symbol.name != name and symbol.name in self.symbols:
            raise ValueError(f"the name {symbol.name} is taken by another symbol")
        del self.symbols[name]
        self.symbols[symbol.name] = symbol
        self.history_of(name).symbol = symbol
        if symbol.name != name:
            self._rename(name, symbol.name)

    def _rename(self, old: str, new: str) -> None:
        for quotes in (self.quotes, self._unshown):
            if old in quotes:
                quotes[new] = replace(quotes.pop(old), symbol=new)
        if old in self._liquidity:
            self._liquidity[new] = self._liquidity.pop(old)
        self._days[new] = self._days.pop(old)
        self._histories[new] = self._histories.pop(old)
        for names in (self.halted, self._awaiting):
            if old in names:
                names.remove(old)
                names.add(new)
        self.first_names[new] = self.first_names.pop(old, old)

    def restore(
        self,
        symbols: Iterable[Symbol],
        quotes: Mapping[str, Quote],
        halted: Iterable[str],
        first_names: Mapping[str, str],
        now: datetime,
    ) -> None:
        """Stand where a market of an earlier run stood at `now`."""
        self.symbols = {symbol.name: symbol for symbol in symbols}
        self.halted = set(halted)
        self.first_names = dict(first_names)
        self._fed_until = now
        for quote in quotes.values():
            if quote.symbol in self.halted:
                self.set_quote(quote)
            else:
                self._take(quote)

    def set_liquidity(self, symbol: str, levels: Iterable[tuple[Number, int]] | None) -> None:
        """Set what can be had at once, best first; None for as much as anyone wants.

        Raises ValueError for levels that no market has.
        """
        if levels is None:
            self._liquidity.pop(symbol, None)
        else:
            self._liquidity[symbol] = sound_levels(levels)

    def day_of(self, symbol: str) -> tuple[Decimal, Decimal, Decimal]:
        """Return the first, highest and lowest bid of the symbol's last day, in server time."""
        _, opened, high, low = self._days[symbol]
        return opened, high, low

    def history_of(self, symbol: str) -> PriceHistory:
        """Return a symbol's past prices. Raises KeyError for an unknown symbol."""
        if symbol not in self._histories:
            self._histories[symbol] = PriceHistory(self.symbols[symbol])
        return self._histories[symbol]

    def _take(self, quote: Quote) -> None:
        self.quotes[quote.symbol] = quote
        self.history_of(quote.symbol).take(quote, self.server_time(quote.time))
        today = self.server_time(quote.time).date()
        known = self._days.get(quote.symbol)
        if known is None or known[0] != today:
            self._days[quote.symbol] = (today, quote.bid, quote.bid, quote.bid)
        else:
            _, opened, high, low = known
            self._days[quote.symbol] = (today, opened, max(high, quote.bid), min(low, quote.bid))

    def server_time(self, moment: datetime) -> datetime:
        """Return `moment` as the server's clock shows it (an aware datetime that says UTC)."""
        return moment + self.offset

    def is_open(self, symbol: str, now: datetime) -> bool:
        """Whether a symbol trades at a moment of UTC. One that is unknown does not."""
        known = self.symbols.get(symbol)
        return known is not None and known.is_open(self.server_time(now))

    def closing_price(self, symbol: str, side: Side) -> Decimal | None:
        """Return what a position of `side` would close at. None without a price."""
        quote = self.quotes.get(symbol)
        if quote is None:
            return None
        return quote.bid if side is Side.BUY else quote.ask

    def offers(self, symbol: Symbol, side: Side, volume: Decimal) -> list[tuple[Decimal, Decimal]]:
        """Return the (volume, price) pairs that trading `volume` lots now would meet, best first.

        They may add up to less than `volume`.
        """
        quote = self.quotes[symbol.name]
        best = quote.ask if side is Side.BUY else quote.bid
        levels = self._liquidity.get(symbol.name)
        if levels is None:
            return [(volume, best)]
        offers: list[tuple[Decimal, Decimal]] = []
        for available, points_worse in levels:
            # Nobody gets a part of a volume step.
            taken = min(volume, available // symbol.volume_step * symbol.volume_step)
            if taken > 0:
                offers.append((taken, best + side.sign * points_worse * symbol.point))
                volume -= taken
        return offers
