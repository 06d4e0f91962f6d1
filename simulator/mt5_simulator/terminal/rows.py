"""Records as the terminal hands them out: plain rows in the order of the package's structures.

Times become server time, counted as if it were UTC; Decimals become floats.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.codes import Side
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.records import Answer, Deal, Order, Position
from mt5_simulator.broker.valuation import Valuation

Row = list[Any]

TICK_BID_AND_ASK = 6


def milliseconds(market: Market, moment: datetime | None) -> int:
    """Return a moment in milliseconds of server time; zero for None."""
    if moment is None:
        return 0
    return round(market.server_time(moment).timestamp() * 1000)


def seconds(market: Market, moment: datetime | None) -> int:
    return milliseconds(market, moment) // 1000


def order_row(market: Market, order: Order) -> Row:
    """Return a TradeOrder's items."""
    quote = market.quotes.get(order.symbol)
    current = (quote.ask if order.side is Side.BUY else quote.bid) if quote else Decimal(0)
    return [
        order.ticket,
        seconds(market, order.set_up_at),
        milliseconds(market, order.set_up_at),
        seconds(market, order.done_at),
        milliseconds(market, order.done_at),
        seconds(market, order.expires_at),
        int(order.type),
        int(order.time_policy),
        int(order.filling),
        int(order.state),
        order.magic,
        order.position_id,
        order.position_by_id,
        int(order.reason),
        float(order.volume_initial),
        float(order.volume_current),
        float(order.price),
        float(order.sl),
        float(order.tp),
        float(current if order.done_at is None else order.price),
        float(order.stop_limit_price),
        order.symbol,
        order.comment,
        "",
    ]


def deal_row(market: Market, deal: Deal) -> Row:
    """Return a TradeDeal's items."""
    return [
        deal.ticket,
        deal.order,
        seconds(market, deal.time),
        milliseconds(market, deal.time),
        int(deal.type),
        int(deal.entry),
        deal.magic,
        deal.position_id,
        int(deal.reason),
        float(deal.volume),
        float(deal.price),
        float(deal.commission),
        float(deal.swap),
        float(deal.profit),
        float(deal.fee),
        deal.symbol,
        deal.comment,
        "",
    ]


def position_row(market: Market, position: Position, profit: Decimal) -> Row:
    """Return a TradePosition's items."""
    current = market.closing_price(position.symbol, position.side) or Decimal(0)
    return [
        position.ticket,
        seconds(market, position.opened_at),
        milliseconds(market, position.opened_at),
        seconds(market, position.updated_at),
        milliseconds(market, position.updated_at),
        int(position.side),
        position.magic,
        position.identifier,
        int(position.reason),
        float(position.volume),
        float(position.price_open),
        float(position.sl),
        float(position.tp),
        float(current),
        float(position.swap),
        float(profit),
        position.symbol,
        position.comment,
        "",
    ]


def tick_row(market: Market, quote: Quote) -> Row:
    """Return a Tick's items."""
    return [
        seconds(market, quote.time),
        float(quote.bid),
        float(quote.ask),
        0.0,
        0,
        milliseconds(market, quote.time),
        TICK_BID_AND_ASK,
        0.0,
    ]


def account_row(terms: Terms, worth: Valuation, *, trade_allowed: bool) -> Row:
    """Return an AccountInfo's items."""
    return [
        terms.login,
        terms.trade_mode,
        terms.leverage,
        terms.limit_orders,
        0,
        trade_allowed,
        terms.trade_expert,
        int(terms.margin_mode),
        terms.currency_digits,
        terms.fifo_close,
        float(worth.balance),
        float(worth.credit),
        float(worth.profit),
        float(worth.equity),
        float(worth.margin),
        float(worth.margin_free),
        float(worth.margin_level),
        float(terms.margin_call_percent),
        float(terms.stop_out_percent),
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        terms.name,
        terms.server,
        terms.currency,
        terms.company,
    ]


def send_row(answer: Answer, request_id: int, request: Mapping[str, Any]) -> Row:
    """Return an OrderSendResult's items; the last one is the request itself."""
    return [
        int(answer.retcode),
        answer.deal,
        answer.order,
        float(answer.volume),
        float(answer.price),
        float(answer.bid),
        float(answer.ask),
        answer.comment,
        request_id,
        0,
        list(request.values()),
    ]
