"""What a trade server keeps: requests, orders, deals and positions.

Times are UTC; what a terminal shows is shifted to server time on the way out. Prices, volumes and
money are Decimal.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.codes import (
    MARKET_TYPES,
    Action,
    DealType,
    Entry,
    Filling,
    OrderState,
    OrderType,
    Reason,
    Retcode,
    Side,
    TimePolicy,
)

ZERO = Decimal(0)

COMMENT_MAX = 31
"""How many characters of a comment a server keeps."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a terminal asks of the server, as it arrived: codes may be nonsense, numbers nan."""

    action: int = Action.DEAL
    magic: int = 0
    order: int = 0
    symbol: str = ""
    volume: Decimal = ZERO
    price: Decimal = ZERO
    stoplimit: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    deviation: int = 0
    type: int = OrderType.BUY
    type_filling: int = Filling.FOK
    type_time: int = TimePolicy.GTC
    expiration: int = 0  # seconds of server time
    comment: str = ""
    position: int = 0
    position_by: int = 0
    reason: Reason = Reason.EXPERT


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to a request. `deal` and `order` are zero when there is none."""

    retcode: Retcode
    deal: int = 0
    order: int = 0
    volume: Decimal = ZERO
    price: Decimal = ZERO
    bid: Decimal = ZERO
    ask: Decimal = ZERO
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A request the server took on. One order can make many deals."""

    ticket: int
    symbol: str
    type: OrderType
    state: OrderState
    filling: Filling
    time_policy: TimePolicy
    set_up_at: datetime
    volume_initial: Decimal
    volume_current: Decimal
    price: Decimal  # zero for a market order that named none
    reason: Reason
    done_at: datetime | None = None
    expires_at: datetime | None = None
    stop_limit_price: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    magic: int = 0
    comment: str = ""
    position_id: int = 0
    position_by_id: int = 0

    @property
    def side(self) -> Side:
        return self.type.side

    @property
    def is_market(self) -> bool:
        return self.type in MARKET_TYPES


@dataclass(frozen=True, slots=True)
class Deal:
    """An execution, or a change of the balance. The only true fill. Money in account currency."""

    ticket: int
    order: int
    time: datetime
    type: DealType
    entry: Entry
    reason: Reason
    symbol: str = ""
    volume: Decimal = ZERO
    price: Decimal = ZERO
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO
    magic: int = 0
    position_id: int = 0
    comment: str = ""

    @property
    def amount(self) -> Decimal:
        """What it did to the balance, or to the credit if it is a credit deal."""
        return self.profit + self.commission + self.swap + self.fee


@dataclass(frozen=True, slots=True)
class Position:
    """Open volume. `identifier` is for life; `ticket` may change, and requests name the ticket."""

    ticket: int
    identifier: int
    symbol: str
    side: Side
    volume: Decimal
    price_open: Decimal
    opened_at: datetime
    updated_at: datetime
    reason: Reason
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    swap: Decimal = ZERO
    magic: int = 0
    comment: str = ""
