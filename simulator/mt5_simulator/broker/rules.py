"""Whether a trade server takes a request on, and with which code it says no.

Rules are tables, checked in order; the first that objects names the code.
"""

from collections.abc import Sequence

from mt5_simulator.broker.case import Case, Rule, is_sane
from mt5_simulator.broker.codes import (
    LIMIT_TYPES,
    MARKET_TYPES,
    PENDING_TYPES,
    STOP_LIMIT_TYPES,
    STOP_TYPES,
    Action,
    Execution,
    Filling,
    OrderMode,
    Retcode,
    Side,
    TimePolicy,
    TradeMode,
)
from mt5_simulator.broker.price_rules import (
    instant_price_still_holds,
    order_is_not_frozen,
    pending_price_fits,
    pending_stops_fit,
    position_is_not_frozen,
    position_stops_fit,
    stops_fit_market,
)

FILLINGS = frozenset(Filling)
TIME_POLICIES = frozenset(TimePolicy)


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


def order_mode_allows(case: Case) -> Retcode | None:
    """Refuse what the symbol's order mode leaves out: a kind of order, a stop or a target."""
    request, mode = case.request, case.symbol.order_mode
    needed = OrderMode.CLOSE_BY
    if request.action != Action.CLOSE_BY:
        needed = next(bit for types, bit in _MODE_OF_TYPES if request.type in types)
        needed |= OrderMode.SL if request.sl else OrderMode(0)
        needed |= OrderMode.TP if request.tp else OrderMode(0)
    return None if needed & ~mode == OrderMode(0) else Retcode.INVALID_ORDER


_MODE_OF_TYPES = (
    (MARKET_TYPES, OrderMode.MARKET),
    (LIMIT_TYPES, OrderMode.LIMIT),
    (STOP_TYPES, OrderMode.STOP),
    (STOP_LIMIT_TYPES, OrderMode.STOP_LIMIT),
)


def numbers_are_numbers(case: Case) -> Retcode | None:
    request = case.request
    if not is_sane(request.volume):
        return Retcode.INVALID_VOLUME
    if not (is_sane(request.price) and is_sane(request.stoplimit)):
        return Retcode.INVALID_PRICE
    if not (is_sane(request.sl) and is_sane(request.tp)):
        return Retcode.INVALID_STOPS
    return None


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


def volume_limit_holds(case: Case) -> Retcode | None:
    limit = case.symbol.volume_limit
    if not limit or case.is_close or _reduces_net_position(case):
        return None
    total = case.account.volume_of(case.symbol.name, case.side) + case.request.volume
    return Retcode.LIMIT_VOLUME if total > limit else None


def position_count_holds(case: Case) -> Retcode | None:
    """Count what waits with what is open: on a hedging account each order opens a position."""
    if case.is_close:
        return None
    waiting = sum(not order.position_id for order in case.account.orders.values())
    may_open = case.account.may_open(case.symbol.name, waiting=waiting)
    return None if may_open else Retcode.LIMIT_POSITIONS


def order_count_holds(case: Case) -> Retcode | None:
    limit = case.account.terms.limit_orders
    return Retcode.LIMIT_ORDERS if limit and len(case.account.orders) >= limit else None


# 3000.12.31 23:59:59, the last that MetaTrader's datetime knows.
_LAST_SECOND = 32_535_215_999


def expiration_fits(case: Case) -> Retcode | None:
    if case.request.type_time not in TIME_POLICIES:
        return Retcode.INVALID_EXPIRATION
    policy = TimePolicy(case.request.type_time)
    # expiration_mode is a mask: bit 0 GTC, bit 1 DAY, bit 2 SPECIFIED, bit 3 SPECIFIED_DAY.
    if not case.symbol.expiration_mode & (1 << policy):
        return Retcode.INVALID_EXPIRATION
    dated = policy in {TimePolicy.SPECIFIED, TimePolicy.SPECIFIED_DAY}
    if dated and not case.server_time.timestamp() < case.request.expiration <= _LAST_SECOND:
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


RULES: dict[Action, Sequence[Rule]] = {
    Action.DEAL: (
        account_may_trade,
        type_is_market,
        order_mode_allows,
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
        order_mode_allows,
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
        position_count_holds,
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
    Action.REMOVE: (
        account_may_trade,
        named_order_exists,
        market_is_open,
        there_is_a_price,
        order_is_not_frozen,
    ),
    Action.CLOSE_BY: (
        account_may_trade,
        named_position_exists,
        other_position_is_opposite,
        order_mode_allows,
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
