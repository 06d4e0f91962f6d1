"""Calls of the MetaTrader5 package, or of its simulator: the only code that makes any."""

import time
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

from countersign_bridge.crash_points import CrashPoint, reach
from countersign_bridge.decimals import PLACES_MAX, NotCanonical
from countersign_bridge.terminal import jobs, structures
from countersign_bridge.terminal.fence import Fence, FenceLimits
from countersign_bridge.terminal.views import (
    AccountView,
    DealView,
    OrderView,
    PositionView,
    SymbolView,
    TerminalView,
    TickView,
    Traces,
)
from countersign_bridge.trading.retcodes import SendAnswer

_NOT_FOUND = -4
_SUCCESS = 1
_BUYS, _SELLS = 0, 1


class Failed(Exception):
    """A job ended without an answer."""

    def __init__(self, failure: jobs.Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class TerminalCalls:
    """One connection to one terminal, and the one account that is served over it."""

    def __init__(
        self,
        package: ModuleType,
        opening: jobs.Opening,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._package: Any = package
        self._opening = opening
        self._login = opening.login
        self._server = opening.server
        self._now = now
        self._wall = wall
        self._digits: dict[str, int] = {}
        started = now()
        self._fence = Fence(
            FenceLimits(
                orders_per_minute_max=opening.orders_per_minute_max,
                volume_max=opening.volume_max,
                symbols=frozenset(opening.symbols),
            ),
            used_grants=opening.used_grants,
            sent_at=[started - age for age in opening.recent_send_ages],
        )
        self._doers: dict[type[jobs.Job], Callable[[Any], jobs.Answer]] = {
            jobs.Health: self._health,
            jobs.Inspect: self._inspect,
            jobs.Check: self._check,
            jobs.Send: self._send,
            jobs.Look: self._look,
            jobs.Scan: self._scan,
            jobs.Snapshot: self._snapshot,
            jobs.Symbols: self._symbols,
            jobs.Quotes: self._quotes,
            jobs.Rates: self._rates,
        }

    def connect(self) -> jobs.HealthAnswer:
        """Connect to the terminal and settle whose account this is. Raises Failed."""
        connection = dict(self._opening.connection)
        path = connection.pop("path", None)
        arguments = () if path is None else (path,)
        if not self._package.initialize(*arguments, **connection):
            raise Failed(self._failure("initialize"))
        account = structures.account_view(self._read("account_info"))
        self._login = self._login or account.login
        self._server = self._server or account.server
        return self._health(jobs.Health())

    def do(self, job: jobs.Job) -> jobs.Answer:
        """Do one job. Raises Failed."""
        try:
            return self._doers[type(job)](job)
        except NotCanonical as error:
            if isinstance(job, jobs.Send):
                raise  # it may have been sent; this process is of no more use
            raise Failed(jobs.CallFailed(type(job).__name__, 0, str(error))) from error

    def _health(self, _: jobs.Health) -> jobs.HealthAnswer:
        return jobs.HealthAnswer(self._account(), self._terminal())

    def _inspect(self, job: jobs.Inspect) -> jobs.InspectAnswer:
        account = self._account()
        symbol = self._symbol(job.symbol)
        positions = self._positions()
        orders = self._orders("orders_get")
        past_orders = self._orders("history_orders_get", job.since_s, jobs.END_OF_TIME_S)
        deals = self._deals(job.since_s, jobs.END_OF_TIME_S)
        traces = _tagged(job.magic, orders, past_orders, deals, positions)
        opening = _tagged(job.opening_magic, orders, past_orders, deals, positions)
        return jobs.InspectAnswer(
            account=account,
            terminal=self._terminal(),
            symbol=symbol,
            tick=None if symbol is None else self._tick(job.symbol),
            positions=positions,
            orders=orders,
            own=traces,
            opening=opening,
        )

    def _check(self, job: jobs.Check) -> jobs.CheckAnswer:
        self._account()
        # In a lambda's clothes: with an empty set of keywords the package refuses the positional.
        result = self._package.order_check(dict(job.fields))
        code, text = self._last_error()
        if result is None:
            return jobs.CheckAnswer(0, code, text)
        return jobs.CheckAnswer(int(result.retcode), _SUCCESS, str(result.comment))

    def _send(self, job: jobs.Send) -> SendAnswer:
        self._account()
        refusal = (
            self._out_of_band(job)
            or self._slept_over(job)
            or self._fence.admit(job, self._now(), self._positions)
        )
        if refusal is not None:
            raise Failed(refusal)
        reach(CrashPoint.BEFORE_ORDER_SEND)
        result = self._package.order_send(dict(job.fields))
        code, _ = self._last_error()
        reach(CrashPoint.AFTER_ORDER_SEND)
        return structures.send_answer(result, error_code=code)

    def _slept_over(self, job: jobs.Send) -> jobs.Refused | None:
        """Return that the grant lapsed while the machine was suspended; None: it has not."""
        late = self._wall() - job.deadline_wall
        if late < 0:
            return None
        return jobs.Refused("GRANT_LAPSED", f"by the wall clock it lapsed {late:.3f} s ago")

    def _out_of_band(self, job: jobs.Send) -> jobs.Refused | None:
        """Return why the market has left the prices its owner allows; None: it has not."""
        if job.price_min is None and job.price_max is None:
            return None
        tick = self._tick(str(job.fields["symbol"]))
        if tick is None:
            return jobs.Refused("NO_PRICE", "the terminal shows no price")
        price = tick.ask if job.fields["type"] == _BUYS else tick.bid
        if job.price_min is not None and price < job.price_min:
            return jobs.Refused("PRICE_OUT_OF_BAND", f"{price} is below {job.price_min}")
        if job.price_max is not None and price > job.price_max:
            return jobs.Refused("PRICE_OUT_OF_BAND", f"{price} is above {job.price_max}")
        return None

    def _look(self, job: jobs.Look) -> jobs.LookAnswer:
        account = self._account()
        positions = self._positions()
        orders = self._orders("orders_get")
        past_orders = self._orders("history_orders_get", job.since_s, jobs.END_OF_TIME_S)
        deals = self._deals(0, jobs.END_OF_TIME_S)
        explained = sum((deal.effect for deal in deals), Decimal(0))
        return jobs.LookAnswer(
            account=account,
            terminal=self._terminal(),
            traces=_tagged(job.magic, orders, past_orders, deals, positions),
            position=next((p for p in positions if p.ticket == job.position), None),
            order=next((o for o in (*orders, *past_orders) if o.ticket == job.order), None),
            unexplained=account.balance - explained,
        )

    def _scan(self, job: jobs.Scan) -> jobs.ScanAnswer:
        self._account()
        return jobs.ScanAnswer(
            terminal=self._terminal(),
            deals=self._deals(job.since_s, job.until_s),
            orders=self._orders("orders_get"),
            past_orders=self._orders("history_orders_get", job.since_s, job.until_s),
        )

    def _snapshot(self, _: jobs.Snapshot) -> jobs.SnapshotAnswer:
        account = self._account()
        terminal, positions = self._terminal(), self._positions()
        priced = (self._tick(name) for name in sorted({one.symbol for one in positions}))
        return jobs.SnapshotAnswer(
            account=account,
            terminal=terminal,
            positions=positions,
            orders=self._orders("orders_get"),
            ticks=tuple(tick for tick in priced if tick is not None),
        )

    def _symbols(self, job: jobs.Symbols) -> jobs.SymbolsAnswer:
        self._account()
        named = (self._symbol(name, with_margins=True) for name in job.names)
        found = {view.name: view for view in named if view is not None}
        for info in self._read("symbols_get"):
            if len(found) >= job.count_max:
                break
            if info.select and info.name not in found:
                found[info.name] = self._remember(structures.symbol_view(info))
        return jobs.SymbolsAnswer(tuple(found[name] for name in sorted(found))[: job.count_max])

    def _quotes(self, job: jobs.Quotes) -> jobs.QuotesAnswer:
        self._account()
        ticks = (self._tick(name) for name in job.names)
        return jobs.QuotesAnswer(tuple(tick for tick in ticks if tick is not None))

    def _rates(self, job: jobs.Rates) -> jobs.RatesAnswer:
        self._account()
        # Only a symbol that is shown has bars. A failure to show it shows in what follows.
        self._package.symbol_select(job.symbol, True)  # noqa: FBT003  # the package's own signature
        timeframe = getattr(self._package, f"TIMEFRAME_{job.timeframe}")
        rows = self._read("copy_rates_from_pos", job.symbol, timeframe, 0, job.count)
        return jobs.RatesAnswer(
            times=tuple(map(int, rows["time"])),
            opens=tuple(map(float, rows["open"])),
            highs=tuple(map(float, rows["high"])),
            lows=tuple(map(float, rows["low"])),
            closes=tuple(map(float, rows["close"])),
            volumes=tuple(map(int, rows["tick_volume"])),
        )

    def _account(self) -> AccountView:
        """Return the account shown. Raises Failed with AccountChanged if it is another's."""
        account = structures.account_view(self._read("account_info"))
        if (account.login, account.server) != (self._login, self._server):
            raise Failed(jobs.AccountChanged(f"{account.login}@{account.server}"))
        return account

    def _terminal(self) -> TerminalView:
        return structures.terminal_view(self._read("terminal_info"))

    def _symbol(self, name: str, *, with_margins: bool = False) -> SymbolView | None:
        """Return a symbol's properties, or None if the broker has no such symbol.

        Its margins cost two more calls.
        """
        # Only a selected symbol has prices. A failure to select shows in what follows.
        self._package.symbol_select(name, True)  # noqa: FBT003  # the package's own signature
        info = self._package.symbol_info(name)
        if info is None:
            failure = self._failure("symbol_info")
            if failure.code in (_NOT_FOUND, _SUCCESS):
                return None
            raise Failed(failure)
        margins = self._margins(name) if with_margins else ()
        return self._remember(structures.symbol_view(info, margins=margins))

    def _margins(self, name: str) -> list[float]:
        """Return the margins of one lot bought and of one sold, as far as the terminal says."""
        tick = self._tick(name)
        if tick is None:
            return []
        prices = ((_BUYS, tick.ask), (_SELLS, tick.bid))
        told = (
            self._package.order_calc_margin(side, name, 1.0, float(price)) for side, price in prices
        )
        return [margin for margin in told if margin is not None]

    def _tick(self, name: str) -> TickView | None:
        tick = self._package.symbol_info_tick(name)
        if tick is None:
            failure = self._failure("symbol_info_tick")
            if failure.code in (_NOT_FOUND, _SUCCESS):
                return None
            raise Failed(failure)
        view = structures.tick_view(tick, symbol=name, digits=self._digits_of(name))
        return view if view.bid > 0 and view.ask > 0 else None

    def _positions(self) -> tuple[PositionView, ...]:
        rows = self._read("positions_get")
        return tuple(
            structures.position_view(row, digits=self._digits_of(row.symbol)) for row in rows
        )

    def _orders(self, call: str, *window: int) -> tuple[OrderView, ...]:
        rows = self._read(call, *window)
        return tuple(structures.order_view(row, digits=self._digits_of(row.symbol)) for row in rows)

    def _deals(self, since_s: int, until_s: int) -> tuple[DealView, ...]:
        rows = self._read("history_deals_get", since_s, until_s)
        return tuple(structures.deal_view(row, digits=self._digits_of(row.symbol)) for row in rows)

    def _remember(self, symbol: SymbolView) -> SymbolView:
        self._digits[symbol.name] = symbol.digits
        return symbol

    def _digits_of(self, name: str) -> int:
        if name and name not in self._digits:
            info = self._package.symbol_info(name)
            # A symbol the broker no longer lists still has deals; keep all their decimals.
            self._digits[name] = PLACES_MAX if info is None else int(info.digits)
        return self._digits.get(name, PLACES_MAX)

    def _read(self, call: str, *arguments: object) -> Any:  # noqa: ANN401  # what the package returns
        """Return what a reading call returns. Raises Failed on None, which is never 'nothing'."""
        result = getattr(self._package, call)(*arguments)
        if result is None:
            raise Failed(self._failure(call))
        return result

    def _failure(self, call: str) -> jobs.CallFailed:
        code, text = self._last_error()
        return jobs.CallFailed(call, code, text)

    def _last_error(self) -> tuple[int, str]:
        code, text = self._package.last_error()
        return int(code), str(text)


def _tagged(
    magic: int,
    orders: tuple[OrderView, ...],
    past_orders: tuple[OrderView, ...],
    deals: tuple[DealView, ...],
    positions: tuple[PositionView, ...],
) -> Traces:
    """Return what carries the tag. The package has no filter for it and ignores one it is given."""
    if magic == 0:
        return Traces((), (), (), ())
    return Traces(
        orders=tuple(order for order in orders if order.magic == magic),
        past_orders=tuple(order for order in past_orders if order.magic == magic),
        deals=tuple(deal for deal in deals if deal.magic == magic),
        positions=tuple(position for position in positions if position.magic == magic),
    )
