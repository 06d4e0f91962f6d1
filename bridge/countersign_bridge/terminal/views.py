"""What the terminal shows, as plain values. Money in the account's currency, volumes in lots."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from countersign_bridge.intents import Side


class OrderType(IntEnum):
    """MetaTrader's ORDER_TYPE numbers."""

    BUY = 0
    SELL = 1
    BUY_LIMIT = 2
    SELL_LIMIT = 3
    BUY_STOP = 4
    SELL_STOP = 5


class OrderState(IntEnum):
    """MetaTrader's ORDER_STATE numbers."""

    STARTED = 0
    PLACED = 1
    CANCELED = 2
    PARTIAL = 3
    FILLED = 4
    REJECTED = 5
    EXPIRED = 6


class DealType(IntEnum):
    """MetaTrader's DEAL_TYPE numbers, as far as they matter here."""

    BUY = 0
    SELL = 1
    BALANCE = 2
    CREDIT = 3
    CORRECTION = 5
    BONUS = 6
    BUY_CANCELED = 13
    SELL_CANCELED = 14


class AccountMode(IntEnum):
    """MetaTrader's ACCOUNT_MARGIN_MODE numbers."""

    NETTING = 0
    EXCHANGE = 1
    HEDGING = 2


@dataclass(frozen=True, slots=True)
class AccountView:
    login: int
    server: str
    currency: str
    margin_mode: int
    trade_allowed: bool
    trade_expert: bool
    balance: Decimal
    equity: Decimal
    credit: Decimal
    margin: Decimal
    margin_free: Decimal
    currency_digits: int


@dataclass(frozen=True, slots=True)
class TerminalView:
    connected: bool
    trade_allowed: bool
    api_disabled: bool
    build: int
    ping_last_us: int


@dataclass(frozen=True, slots=True)
class SymbolView:
    name: str
    digits: int
    point: Decimal
    contract_size: Decimal
    tick_size: Decimal
    tick_value: Decimal
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    currency_base: str
    currency_profit: str
    # Of one lot opened now, in the account's currency, on the dearer side; zero: nobody asked, or
    # the terminal does not say.
    margin_per_lot: Decimal
    pip_size: Decimal
    filling_mask: int  # FOK 1, IOC 2: a mask, not the enum that a request takes
    trade_mode: int


@dataclass(frozen=True, slots=True)
class TickView:
    """The newest price of a symbol. `broker_time_ms` is by the broker's clock."""

    symbol: str
    bid: Decimal
    ask: Decimal
    broker_time_ms: int


@dataclass(frozen=True, slots=True)
class PositionView:
    ticket: int
    identifier: int
    magic: int
    symbol: str
    type: int
    volume: Decimal
    price_open: Decimal
    price_current: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    profit: Decimal
    swap: Decimal
    broker_time_ms: int
    comment: str

    @property
    def side(self) -> Side:
        return Side.BUY if self.type == 0 else Side.SELL


@dataclass(frozen=True, slots=True)
class OrderView:
    ticket: int
    magic: int
    symbol: str
    type: int
    state: int
    volume_initial: Decimal
    volume_current: Decimal
    price_open: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    position_id: int
    type_time: int
    expiration_s: int
    broker_time_ms: int

    @property
    def side(self) -> Side:
        """The side it trades on; MetaTrader's even order types buy."""
        return Side.BUY if self.type % 2 == 0 else Side.SELL


@dataclass(frozen=True, slots=True)
class DealView:
    ticket: int
    order: int
    position_id: int
    magic: int
    type: int
    entry: int
    reason: int
    symbol: str
    volume: Decimal
    price: Decimal
    profit: Decimal
    commission: Decimal
    swap: Decimal
    fee: Decimal
    broker_time_ms: int
    comment: str

    @property
    def is_canceled(self) -> bool:
        """Whether the broker has taken it back: it keeps its ticket and changes its type."""
        return self.type in (DealType.BUY_CANCELED, DealType.SELL_CANCELED)

    @property
    def effect(self) -> Decimal:
        """Return what it did to the balance. Credit is kept beside it."""
        if self.type == DealType.CREDIT:
            return Decimal(0)
        return self.profit + self.commission + self.swap + self.fee


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything the terminal shows with one tag."""

    orders: tuple[OrderView, ...]
    past_orders: tuple[OrderView, ...]
    deals: tuple[DealView, ...]
    positions: tuple[PositionView, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.orders or self.past_orders or self.deals or self.positions)
