"""The account, its positions and its symbols, told as they change."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Tell
from countersign_bridge.reporting.events import is_tellable, symbols_event
from countersign_bridge.reporting.portfolio import Portfolio
from countersign_bridge.reporting.server_time import BrokerClock
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.views import SymbolView, TickView

SYMBOLS_MAX = 500
# A report of more symbols than this would not fit the 64 KiB a server takes in one message.
_REPORT_MAX = 150
_SYMBOLS_INTERVAL = timedelta(minutes=1)
# Symbols whose prices tell the broker's time where none has been confirmed yet.
_CLOCK_SYMBOLS = 3
# Prices that have not changed are told again after this long, so that the server can tell quiet
# from dead; only while the terminal is connected: what it remembers is no price.
_QUOTES_AGAIN = timedelta(seconds=3)

Then = Callable[[jobs.Answer | jobs.Failure, Moment], Effects]


class Watch:
    """Reads the account each interval and tells what changed. A read that failed tells nothing."""

    def __init__(self, situation: Situation, *, interval: timedelta, now: Moment) -> None:
        self._situation = situation
        self._interval = interval
        self._clock = BrokerClock()
        self._mapped: tuple[str, ...] = ()
        self._symbols: dict[str, SymbolView] = {}
        self._told_symbols: tuple[SymbolView, ...] = ()
        self._told_ticks: tuple[TickView, ...] = ()
        self._portfolio = Portfolio()
        self._next: dict[str, Moment] = dict.fromkeys(("snapshot", "symbols", "quotes"), now)
        self._quotes_again: Moment | None = None
        self._asked: set[str] = set()
        # Who judges each reading.
        self.on_read: Callable[[jobs.SnapshotAnswer, Moment], Effects] = lambda _, __: []

    def session_opened(
        self, mapped: Sequence[str], now: Moment, *, takes_deltas: bool, heartbeat: timedelta
    ) -> None:
        """Tell everything afresh. `mapped` are the symbols the account's owner confirmed."""
        self._mapped = tuple(mapped)
        self._portfolio.session_opened(takes_deltas=takes_deltas, heartbeat=heartbeat)
        self._told_symbols, self._told_ticks = (), ()
        self._next = dict.fromkeys(self._next, now)

    def fetch_snapshot(self, now: Moment) -> Effects:
        """Read the account now and tell it whole."""
        self._portfolio.fetch()
        self._next["snapshot"] = now
        return []

    def hasten(self, now: Moment) -> None:
        """Read the account as soon as may be: something was sent."""
        self._next["snapshot"] = now

    def symbols_mapped(self, mapped: Sequence[str], now: Moment) -> Effects:
        """Follow these symbols from now on; the owner has confirmed others."""
        self._mapped = tuple(mapped)
        self._next["symbols"] = self._next["quotes"] = now
        return []

    def tick(self, now: Moment) -> Effects:
        quoted = self._mapped or tuple(sorted(self._symbols))[:_CLOCK_SYMBOLS]
        return [
            *self._ask("snapshot", jobs.Snapshot(), self._snapshot, now),
            *self._ask("symbols", jobs.Symbols(self._mapped, SYMBOLS_MAX), self._listed, now),
            *(self._ask("quotes", jobs.Quotes(quoted), self._quoted, now) if quoted else []),
        ]

    def _ask(self, what: str, job: jobs.Job, then: Then, now: Moment) -> Effects:
        if what in self._asked or now.monotonic < self._next[what].monotonic:
            return []
        self._asked.add(what)
        self._next[what] = now.later(_SYMBOLS_INTERVAL if what == "symbols" else self._interval)

        def answered(outcome: jobs.Answer | jobs.Failure, at: Moment) -> Effects:
            self._asked.discard(what)
            return then(outcome, at)

        return [Ask(job, answered)]

    def _snapshot(self, outcome: object, now: Moment) -> Effects:
        if not isinstance(outcome, jobs.SnapshotAnswer):
            return []
        self._situation.see_terminal(outcome.terminal, now)
        self._situation.account_trade_allowed = outcome.account.trade_allowed
        judged = self.on_read(outcome, now)
        told = self._portfolio.tell(outcome, now) if self._situation.session_open else []
        return [*judged, *told]

    def _listed(self, outcome: object, now: Moment) -> Effects:
        if not isinstance(outcome, jobs.SymbolsAnswer):
            return []
        symbols = tuple(symbol for symbol in outcome.symbols if is_tellable(symbol))
        self._symbols = {symbol.name: symbol for symbol in symbols}
        if not self._situation.session_open or symbols == self._told_symbols:
            return []
        self._told_symbols = symbols
        return [
            Tell(
                f"symbols:{start}",
                symbols_event(symbols[start : start + _REPORT_MAX], (), now.utc),
            )
            for start in range(0, len(symbols), _REPORT_MAX)
        ]

    def _quoted(self, outcome: object, now: Moment) -> Effects:
        if not isinstance(outcome, jobs.QuotesAnswer):
            return []
        self._clock = self._clock.seen(outcome.ticks, now.utc)
        self._situation.broker_offset = self._clock.offset
        ticks = tuple(
            tick
            for tick in outcome.ticks
            if tick.symbol in self._mapped and tick.symbol in self._symbols
        )[:_REPORT_MAX]
        due = self._quotes_again is None or now.monotonic >= self._quotes_again.monotonic
        again = self._situation.terminal_connected and due
        if (
            not self._situation.session_open
            or not ticks
            or (ticks == self._told_ticks and not again)
        ):
            return []
        self._told_ticks = ticks
        self._quotes_again = now.later(_QUOTES_AGAIN)
        quoted = [self._symbols[tick.symbol] for tick in ticks]
        return [Tell("quotes", symbols_event(quoted, ticks, now.utc))]
