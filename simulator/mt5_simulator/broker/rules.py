"""Whether a trade server takes a request on, and with which code it says no.

Rules are tables, checked in order; the first that objects names the code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import (
    LIMIT_TYPES,
    MARKET_TYPES,
    PENDING_TYPES,
    STOP_LIMIT_TYPES,
    Action,
    Execution,
    Filling,
    OrderType,
    Retcode,
    Side,
    TimePolicy,
    TradeMode,
)
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.records import Order, Position, Request
from mt5_simulator.broker.symbols import Symbol

ZERO = Decimal(0)
NUMBER_MAX = Decimal(10) ** 12
FILLINGS = frozenset(Filling)
TIME_POLICIES = frozenset(TimePolicy)


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and everything it is judged by."""

    account: Account
    market: Market
    request: Request
    symbol: Symbol
    quote: Quote | None
    now: datetime
    position: Position | None = None  # the one the request names
    other: Position | None = None  # the one it is to be closed by
    order: Order | None = None  # the one the request names

    @property
    def server_time(self) -> datetime:
        return self.market.server_time(self.now)

    @property
    def side(self) -> Side:
        return OrderType(self.request.type).side

    @property
    def is_close(self) -> bool:
        """Whether it can only take risk off: it closes a position it names."""
        return self.account.is_hedging and self.request.position != 0

    @property
    def prices(self) -> Quote:
        assert self.quote is not None, "a rule before this one refuses a symbol without prices"  # noqa: S101
        return self.quote


Rule = Callable[[Case], Retcode | None]


def account_may_trade(case: Case) -> Retcode | None:
    if not case.account.terms.trade_allowed:
        return Retcode.TRADE_DISABLED
    if not case.account.terms.trade_expert:
        return Retcode.SERVER_DISABLES_AT
    return None


def type_is_market(case: Case) -> Retcode | None:
    return None if case.request.type in MARKET_TYPES else Retcode.INVALID


def type_is_pending(case: Case) -> Retcode | None:
    return None if case.request.type in PENDING_TYPES else Retcode.INVALID


def numbers_are_numbers(case: Case) -> Retcode | None:
    request = case.request
    if not is_sane(request.volume):
        return Retcode.INVALID_VOLUME
    if not (is_sane(request.price) and is_sane(request.stoplimit)):
        return Retcode.INVALID_PRICE
    if not (is_sane(request.sl) and is_sane(request.tp)):
        return Retcode.INVALID_STOPS
    return None


def is_sane(number: Decimal) -> bool:
    """Whether a number could be a price, a volume or money at all."""
    # Beyond any price or volume there is; exact arithmetic on such numbers has no end.
    return number.is_finite() and abs(number) < NUMBER_MAX


def volume_fits(case: Case) -> Retcode | None:
    volume, symbol = case.request.volume, case.symbol
    if not symbol.volume_min <= volume <= symbol.volume_max or volume % symbol.volume_step:
        return Retcode.INVALID_VOLUME
    return None


def filling_is_supported(case: Case) -> Retcode | None:
    if case.request.type_filling not in FILLINGS:
        return Retcode.INVALID_FILL
    filling = Filling(case.request.type_filling)
    return None if case.symbol.accepts(filling) else Retcode.INVALID_FILL


def pending_filling_is_supported(case: Case) -> Retcode | None:
    if case.request.type_filling not in FILLINGS:
        return Retcode.INVALID_FILL
    filling = Filling(case.request.type_filling)
    if filling is Filling.RETURN:
        return None
    if filling is Filling.BOC:
        is_passive = case.request.type in LIMIT_TYPES | STOP_LIMIT_TYPES
        allowed = is_passive and case.symbol.execution is not Execution.MARKET
        return None if allowed else Retcode.INVALID_FILL
    return None if case.symbol.accepts(filling) else Retcode.INVALID_FILL


def symbol_is_enabled(case: Case) -> Retcode | None:
    return Retcode.TRADE_DISABLED if case.symbol.trade_mode is TradeMode.DISABLED else None


def symbol_allows_opening(case: Case) -> Retcode | None:
    mode = case.symbol.trade_mode
    if mode is TradeMode.FULL or case.is_close or _reduces_net_position(case):
        return None
    if mode is TradeMode.CLOSE_ONLY:
        return Retcode.CLOSE_ONLY
    if mode is TradeMode.LONG_ONLY and case.side is Side.SELL:
        return Retcode.LONG_ONLY
    if mode is TradeMode.SHORT_ONLY and case.side is Side.BUY:
        return Retcode.SHORT_ONLY
    return None


def _reduces_net_position(case: Case) -> bool:
    if case.account.is_hedging:
        return False
    held = case.account.net_position(case.symbol.name)
    return held is not None and held.side is not case.side and case.request.volume <= held.volume


def market_is_open(case: Case) -> Retcode | None:
    return None if case.symbol.is_open(case.server_time) else Retcode.MARKET_CLOSED


def there_is_a_price(case: Case) -> Retcode | None:
    return Retcode.PRICE_OFF if case.quote is None else None


def close_fits_position(case: Case) -> Retcode | None:
    """Judge a close by ticket. On netting accounts `position` protects nothing."""
    if not case.is_close:
        return None
    position = case.position
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != case.symbol.name or position.side is case.side:
        return Retcode.INVALID
    if case.request.volume > position.volume:
        return Retcode.INVALID_CLOSE_VOLUME
    if case.account.terms.fifo_close:
        same = (
            other
            for other in case.account.positions_of(position.symbol)
            if other.side is position.side
        )
        if next(same, position).ticket != position.ticket:
            return Retcode.FIFO_CLOSE
    return None


def position_is_not_frozen(case: Case) -> Retcode | None:
    position, level = case.position, case.symbol.freeze_level * case.symbol.point
    if position is None or not level:
        return None
    price = case.prices.bid if position.side is Side.BUY else case.prices.ask
    near = (stop and abs(price - stop) <= level for stop in (position.sl, position.tp))
    return Retcode.FROZEN if any(near) else None


def instant_price_still_holds(case: Case) -> Retcode | None:
    """Requote when the price moved further than the request's deviation. Market ignores price."""
    if case.symbol.execution not in {Execution.REQUEST, Execution.INSTANT}:
        return None
    if case.request.price <= 0:
        return Retcode.INVALID_PRICE
    price = case.prices.ask if case.side is Side.BUY else case.prices.bid
    allowed = case.request.deviation * case.symbol.point
    return Retcode.REQUOTE if abs(price - case.request.price) > allowed else None


def stops_fit_market(case: Case) -> Retcode | None:
    """Judge stops of a market order against the price it would close at."""
    if case.is_close:
        return None
    return _stops_fit(case, case.side)


def _stops_fit(case: Case, side: Side, reference: Decimal | None = None) -> Retcode | None:
    if reference is None:
        reference = case.prices.bid if side is Side.BUY else case.prices.ask
    sl, tp = case.request.sl, case.request.tp
    level = case.symbol.stops_level * case.symbol.point
    if sl < 0 or tp < 0:
        return Retcode.INVALID_STOPS
    distances = [(reference - sl) * side.sign] if sl else []
    distances += [(tp - reference) * side.sign] if tp else []
    if any(distance <= 0 or distance < level for distance in distances):
        return Retcode.INVALID_STOPS
    return None


def volume_limit_holds(case: Case) -> Retcode | None:
    limit = case.symbol.volume_limit
    if not limit or case.is_close or _reduces_net_position(case):
        return None
    total = case.account.volume_of(case.symbol.name, case.side) + case.request.volume
    return Retcode.LIMIT_VOLUME if total > limit else None


def position_count_holds(case: Case) -> Retcode | None:
    limit = case.account.terms.limit_positions
    if not limit or case.is_close or _reduces_net_position(case):
        return None
    return Retcode.LIMIT_POSITIONS if len(case.account.positions) >= limit else None


def order_count_holds(case: Case) -> Retcode | None:
    limit = case.account.terms.limit_orders
    return Retcode.LIMIT_ORDERS if limit and len(case.account.orders) >= limit else None


def pending_price_fits(case: Case) -> Retcode | None:
    request, symbol = case.request, case.symbol
    if request.price <= 0 or request.price % symbol.price_step:
        return Retcode.INVALID_PRICE
    level = symbol.stops_level * symbol.point
    market_price = case.prices.ask if case.side is Side.BUY else case.prices.bid
    waits_for_better = request.type in LIMIT_TYPES
    away = (request.price - market_price) * case.side.sign * (-1 if waits_for_better else 1)
    if away <= 0 or away < level:
        return Retcode.INVALID_PRICE
    if request.type in STOP_LIMIT_TYPES:
        # The limit order it becomes must wait for a better price than the one that triggers it.
        better = (request.price - request.stoplimit) * case.side.sign
        if request.stoplimit <= 0 or better < level or request.stoplimit % symbol.price_step:
            return Retcode.INVALID_PRICE
    return None


def pending_stops_fit(case: Case) -> Retcode | None:
    is_stop_limit = case.request.type in STOP_LIMIT_TYPES
    reference = case.request.stoplimit if is_stop_limit else case.request.price
    return _stops_fit(case, case.side, reference)


def expiration_fits(case: Case) -> Retcode | None:
    if case.request.type_time not in TIME_POLICIES:
        return Retcode.INVALID_EXPIRATION
    policy = TimePolicy(case.request.type_time)
    # expiration_mode is a mask: bit 0 GTC, bit 1 DAY, bit 2 SPECIFIED, bit 3 SPECIFIED_DAY.
    if not case.symbol.expiration_mode & (1 << policy):
        return Retcode.INVALID_EXPIRATION
    dated = policy in {TimePolicy.SPECIFIED, TimePolicy.SPECIFIED_DAY}
    if dated and case.request.expiration <= case.server_time.timestamp():
        return Retcode.INVALID_EXPIRATION
    return None


def named_position_exists(case: Case) -> Retcode | None:
    return Retcode.POSITION_CLOSED if case.position is None else None


def other_position_is_opposite(case: Case) -> Retcode | None:
    position, other = case.position, case.other
    if position is None or other is None:
        return Retcode.POSITION_CLOSED
    opposite = other.symbol == position.symbol and other.side is not position.side
    return None if case.account.is_hedging and opposite else Retcode.INVALID


def named_order_exists(case: Case) -> Retcode | None:
    return Retcode.INVALID if case.order is None else None


def named_order_is_pending(case: Case) -> Retcode | None:
    """Refuse a market order on its way: it can be withdrawn, but has no price to move."""
    return None if case.request.type in PENDING_TYPES else Retcode.INVALID


def stops_change(case: Case) -> Retcode | None:
    position = case.position
    if position is None:
        return None
    same = (position.sl, position.tp) == (case.request.sl, case.request.tp)
    return Retcode.NO_CHANGES if same else None


def position_stops_fit(case: Case) -> Retcode | None:
    position = case.position
    return None if position is None else _stops_fit(case, position.side)


def order_is_not_frozen(case: Case) -> Retcode | None:
    order, level = case.order, case.symbol.freeze_level * case.symbol.point
    if order is None or not level:
        return None
    price = case.prices.ask if order.side is Side.BUY else case.prices.bid
    return Retcode.FROZEN if abs(price - order.price) <= level else None


RULES: dict[Action, Sequence[Rule]] = {
    Action.DEAL: (
        account_may_trade,
        type_is_market,
        numbers_are_numbers,
        symbol_is_enabled,
        volume_fits,
        filling_is_supported,
        symbol_allows_opening,
        market_is_open,
        there_is_a_price,
        close_fits_position,
        position_is_not_frozen,
        stops_fit_market,
        instant_price_still_holds,
        volume_limit_holds,
        position_count_holds,
    ),
    Action.PENDING: (
        account_may_trade,
        type_is_pending,
        numbers_are_numbers,
        symbol_is_enabled,
        volume_fits,
        pending_filling_is_supported,
        symbol_allows_opening,
        market_is_open,
        there_is_a_price,
        pending_price_fits,
        pending_stops_fit,
        expiration_fits,
        order_count_holds,
        volume_limit_holds,
    ),
    Action.SLTP: (
        account_may_trade,
        numbers_are_numbers,
        named_position_exists,
        market_is_open,
        there_is_a_price,
        stops_change,
        position_is_not_frozen,
        position_stops_fit,
    ),
    Action.MODIFY: (
        account_may_trade,
        named_order_exists,
        named_order_is_pending,
        numbers_are_numbers,
        market_is_open,
        there_is_a_price,
        order_is_not_frozen,
        pending_price_fits,
        pending_stops_fit,
        expiration_fits,
    ),
    Action.REMOVE: (account_may_trade, named_order_exists, there_is_a_price, order_is_not_frozen),
    Action.CLOSE_BY: (
        account_may_trade,
        named_position_exists,
        other_position_is_opposite,
        market_is_open,
        there_is_a_price,
        position_is_not_frozen,
    ),
}


def refusal(case: Case) -> Retcode | None:
    """Return the code the request is refused with, or None when nothing speaks against it.

    Money is not looked at here: whether the margin suffices is a matter of prices.
    """
    objections = (rule(case) for rule in RULES[Action(case.request.action)])
    return next((code for code in objections if code is not None), None)
