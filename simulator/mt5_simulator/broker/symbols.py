"""What a broker says about an instrument: its contract and its rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal

from mt5_simulator.broker.codes import (
    CalcMode,
    Execution,
    Filling,
    FillingMask,
    OrderMode,
    SwapMode,
    TradeMode,
)
from mt5_simulator.exact import make_exact

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of a week in which a symbol trades, in server time. Monday is day 0."""

    day: int
    opens: time
    closes: time  # exclusive; midnight means the end of the day

    def contains(self, moment: datetime) -> bool:
        """Whether `moment`, in server time, falls in it."""
        if moment.weekday() != self.day:
            return False
        return self.opens <= moment.time() and (
            self.closes == time(0) or moment.time() < self.closes
        )


def weekdays(opens: time, closes: time) -> tuple[Session, ...]:
    """Return the same session for Monday to Friday."""
    return tuple(Session(day, opens, closes) for day in range(5))


ALWAYS = tuple(Session(day, time(0), time(0)) for day in range(7))


EVERY_ORDER = ~OrderMode(0)

DIGITS_MAX = 8
"""MetaTrader shows at most eight decimals."""

_POINTS = tuple(Decimal(1).scaleb(-digits) for digits in range(DIGITS_MAX + 1))


_AMOUNTS = (
    "contract_size",
    "volume_min",
    "volume_max",
    "volume_step",
    "start_price",
    "volume_limit",
    "tick_size",
    "tick_value",
    "margin_initial",
    "margin_maintenance",
    "margin_hedged",
    "margin_rate",
    "face_value",
    "accrued_interest",
    "liquidity_rate",
    "swap_long",
    "swap_short",
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One instrument of a broker. Prices in the profit currency, volumes in lots."""

    name: str
    description: str
    path: str
    currency_base: str
    currency_profit: str
    currency_margin: str
    digits: int
    contract_size: Decimal
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    start_price: Decimal  # what a generator starts from: the bid
    spread_points: int
    volatility_points: int  # a generator's typical move from one tick to the next
    volume_limit: Decimal = ZERO  # the most open lots in one direction; zero means no limit
    calc_mode: CalcMode = CalcMode.FOREX
    trade_mode: TradeMode = TradeMode.FULL
    execution: Execution = Execution.MARKET
    filling: FillingMask = FillingMask.FOK | FillingMask.IOC
    tick_size: Decimal = ZERO  # zero means one point
    tick_value: Decimal = ZERO  # futures only: money in the profit currency per tick and lot
    stops_level: int = 0  # points
    freeze_level: int = 0  # points
    margin_initial: Decimal = ZERO  # zero means that the contract size counts
    margin_maintenance: Decimal = ZERO
    margin_hedged: Decimal = ZERO
    margin_rate: Decimal = Decimal(1)
    face_value: Decimal = ZERO
    accrued_interest: Decimal = ZERO
    liquidity_rate: Decimal = ZERO
    swap_mode: SwapMode = SwapMode.POINTS
    swap_long: Decimal = ZERO
    swap_short: Decimal = ZERO
    swap_triple_day: int = 3  # MetaTrader's count: Sunday is 0
    sessions: tuple[Session, ...] = weekdays(time(0), time(0))
    holidays: tuple[date, ...] = ()  # server days without any session
    book_depth: int = 10
    order_mode: OrderMode = EVERY_ORDER
    expiration_mode: int = 15

    def __post_init__(self) -> None:
        make_exact(self, _AMOUNTS)
        if not 0 <= self.digits <= DIGITS_MAX:
            raise ValueError(
                f"digits of {self.name} must be between 0 and {DIGITS_MAX}, not {self.digits}"
            )
        if not ZERO < self.volume_step <= self.volume_min <= self.volume_max:
            raise ValueError(f"volumes of {self.name} must satisfy 0 < step <= min <= max")

    @property
    def point(self) -> Decimal:
        return _POINTS[self.digits]

    @property
    def price_step(self) -> Decimal:
        return self.tick_size or self.point

    def rounded(self, price: Decimal) -> Decimal:
        """Return the nearest price the broker can quote."""
        steps = (price / self.price_step).to_integral_value()
        return (steps * self.price_step).quantize(self.point)

    def is_open(self, server_time: datetime) -> bool:
        if server_time.date() in self.holidays:
            return False
        return any(session.contains(server_time) for session in self.sessions)

    def accepts(self, filling: Filling) -> bool:
        """Whether a market order may use `filling`."""
        if filling is Filling.FOK:
            return bool(self.filling & FillingMask.FOK)
        if filling is Filling.IOC:
            return bool(self.filling & FillingMask.IOC)
        if filling is Filling.RETURN:
            return self.execution is not Execution.MARKET
        return False


def never_closing(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """Return the symbols as they would be if they traded on weekends and holidays, too."""
    return tuple(replace(symbol, sessions=ALWAYS, holidays=()) for symbol in symbols)
