"""Rules about prices: where orders and stops may stand, and how near the market they freeze."""

from decimal import Decimal

from mt5_simulator.broker.case import Case
from mt5_simulator.broker.codes import LIMIT_TYPES, STOP_LIMIT_TYPES, Execution, Retcode, Side


def position_is_not_frozen(case: Case) -> Retcode | None:
    position, level = case.position, case.symbol.freeze_level * case.symbol.point
    if position is None or not level:
        return None
    price = case.prices.bid if position.side is Side.BUY else case.prices.ask
    near = (stop and abs(price - stop) <= level for stop in (position.sl, position.tp))
    return Retcode.FROZEN if any(near) else None


def order_is_not_frozen(case: Case) -> Retcode | None:
    order, level = case.order, case.symbol.freeze_level * case.symbol.point
    if order is None or not level:
        return None
    price = case.prices.ask if order.side is Side.BUY else case.prices.bid
    return Retcode.FROZEN if abs(price - order.price) <= level else None


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


def position_stops_fit(case: Case) -> Retcode | None:
    position = case.position
    return None if position is None else _stops_fit(case, position.side)
