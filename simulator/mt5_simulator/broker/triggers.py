"""What a new price sets off: waiting orders, stops, stop-outs and expiries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import (
    LIMIT_TYPES,
    STOP_LIMIT_TYPES,
    STOP_TYPES,
    OrderState,
    OrderType,
    Reason,
    Side,
)
from mt5_simulator.broker.execution import Desk
from mt5_simulator.broker.money import FOREX
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.records import COMMENT_MAX, Order, Position
from mt5_simulator.broker.valuation import floating_profit, valued

_BREAKOUT_TYPES = STOP_TYPES | STOP_LIMIT_TYPES
_BECOMES_LIMIT = {
    OrderType.BUY_STOP_LIMIT: OrderType.BUY_LIMIT,
    OrderType.SELL_STOP_LIMIT: OrderType.SELL_LIMIT,
}


def apply_quote(
    desk: Desk, account: Account, quote: Quote, held_back: Callable[[int], bool]
) -> None:
    """Let a price have its consequences for one account: orders, then stops, then stop-out.

    `held_back` says of a ticket whether its order waits for something other than a price.
    """
    for order in [*account.orders.values()]:
        if order.symbol == quote.symbol and not held_back(order.ticket):
            _apply_to_order(desk, account, order, quote)
    held = [*account.positions_of(quote.symbol)]
    for position in held:
        stop = stop_reached(position, quote)
        if stop is not None:
            reason, price = stop
            comment = f"[{reason.name.lower()} {price}]"
            desk.close(account, position, reason, comment, quote.time)
    # Any other quote moves the account's worth by conversion, and only pairs of currencies convert.
    if held or desk.market.symbols[quote.symbol].calc_mode in FOREX:
        stop_out(desk, account, quote.time)


def expire(desk: Desk, account: Account, now: datetime) -> None:
    """Take the orders off whose time has come."""
    for order in [*account.orders.values()]:
        if order.expires_at is not None and order.expires_at <= now:
            desk.conclude(account, order, OrderState.EXPIRED, order.expires_at)


def stop_reached(position: Position, quote: Quote) -> tuple[Reason, Decimal] | None:
    """Return which stop of a position `quote` reaches, and its level. The stop loss goes first."""
    price = quote.bid if position.side is Side.BUY else quote.ask
    if position.sl and (price - position.sl) * position.side.sign <= 0:
        return Reason.SL, position.sl
    if position.tp and (price - position.tp) * position.side.sign >= 0:
        return Reason.TP, position.tp
    return None


def stop_out(desk: Desk, account: Account, now: datetime) -> None:
    """Close positions, the worst first, until the margin level is above the stop-out level.

    Those whose market is closed stay until it opens.
    """
    while account.positions:
        worth = valued(account, desk.market)
        if not worth.margin or worth.margin_level >= account.terms.stop_out_percent:
            return
        tradable = (
            position
            for position in account.positions.values()
            if desk.market.is_open(position.symbol, now)
        )
        worst = min(
            tradable,
            key=lambda position: floating_profit(account, desk.market, position),
            default=None,
        )
        if worst is None:
            return
        comment = f"[so {worth.margin_level:.2f}%/{worth.equity}/{worth.margin}]"
        desk.close(account, worst, Reason.SO, comment[:COMMENT_MAX], now)


def _apply_to_order(desk: Desk, account: Account, order: Order, quote: Quote) -> None:
    if not is_reached(order, quote):
        return
    if order.type in STOP_LIMIT_TYPES:
        limit = replace(order, type=_BECOMES_LIMIT[order.type], price=order.stop_limit_price)
        account.work(limit)
        return
    if order.is_market or desk.carries(account, order):
        desk.fill(account, order, quote.time)
    else:
        desk.conclude(account, order, OrderState.REJECTED, quote.time)


def is_reached(order: Order, quote: Quote) -> bool:
    """Whether `quote` brings the order to the market. A market order with volume left always is."""
    side = order.side
    price = quote.ask if side is Side.BUY else quote.bid
    beyond = (price - order.price) * side.sign
    if order.type in LIMIT_TYPES:
        return beyond <= 0
    if order.type in _BREAKOUT_TYPES:
        return beyond >= 0
    return order.is_market
