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
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.broker.valuation import Valuation
from mt5_simulator.face.structures import SymbolInfo

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


_SYMBOL_DEFAULTS: Mapping[str, object] = {
    "custom": False,
    "margin_hedged_use_leg": False,
    "spread_float": True,
    "basis": "",
    "category": "",
    "bank": "",
    "exchange": "",
    "formula": "",
    "isin": "",
    "page": "",
}


def symbol_row(
    market: Market,
    symbol: Symbol,
    *,
    tick_values: tuple[Decimal, Decimal],
    selected: bool,
    day: tuple[Decimal, Decimal, Decimal],
) -> Row:
    """Return a SymbolInfo's items.

    `tick_values` are the worth of one tick and lot in account currency, as profit and as loss;
    `day` is the day's open, high and low.
    """
    quote = market.quotes.get(symbol.name)
    bid, ask = (quote.bid, quote.ask) if quote else (Decimal(0), Decimal(0))
    day_open, day_high, day_low = day
    spread = ask - bid
    known: dict[str, object] = {
        "select": selected,
        "visible": selected,
        "time": seconds(market, quote.time) if quote else 0,
        "digits": symbol.digits,
        "spread": int(spread / symbol.point),
        "ticks_bookdepth": symbol.book_depth,
        "trade_calc_mode": int(symbol.calc_mode),
        "trade_mode": int(symbol.trade_mode),
        "trade_stops_level": symbol.stops_level,
        "trade_freeze_level": symbol.freeze_level,
        "trade_exemode": int(symbol.execution),
        "swap_mode": int(symbol.swap_mode),
        "swap_rollover3days": symbol.swap_triple_day,
        "expiration_mode": symbol.expiration_mode,
        "filling_mode": int(symbol.filling),
        "order_mode": symbol.order_mode,
        "bid": float(bid),
        "bidhigh": float(day_high),
        "bidlow": float(day_low),
        "ask": float(ask),
        "askhigh": float(day_high + spread),
        "asklow": float(day_low + spread),
        "point": float(symbol.point),
        "trade_tick_value": float(tick_values[0]),
        "trade_tick_value_profit": float(tick_values[0]),
        "trade_tick_value_loss": float(tick_values[1]),
        "trade_tick_size": float(symbol.price_step),
        "trade_contract_size": float(symbol.contract_size),
        "trade_accrued_interest": float(symbol.accrued_interest),
        "trade_face_value": float(symbol.face_value),
        "trade_liquidity_rate": float(symbol.liquidity_rate),
        "volume_min": float(symbol.volume_min),
        "volume_max": float(symbol.volume_max),
        "volume_step": float(symbol.volume_step),
        "volume_limit": float(symbol.volume_limit),
        "swap_long": float(symbol.swap_long),
        "swap_short": float(symbol.swap_short),
        "margin_initial": float(symbol.margin_initial),
        "margin_maintenance": float(symbol.margin_maintenance),
        "margin_hedged": float(symbol.margin_hedged),
        "session_open": float(day_open),
        "session_close": float(day_open),
        "price_change": float(round((bid - day_open) / day_open * 100, 4)) if day_open else 0.0,
        "currency_base": symbol.currency_base,
        "currency_profit": symbol.currency_profit,
        "currency_margin": symbol.currency_margin,
        "description": symbol.description,
        "name": symbol.name,
        "path": symbol.path,
    }
    values = {**_SYMBOL_DEFAULTS, **known}
    return [values.get(field, _zero(field)) for field in SymbolInfo.__match_args__]


_WHOLE_NUMBERS = frozenset(
    {
        "chart_mode",
        "session_deals",
        "session_buy_orders",
        "session_sell_orders",
        "volume",
        "volumehigh",
        "volumelow",
        "start_time",
        "expiration_time",
        "order_gtc_mode",
        "option_mode",
        "option_right",
    }
)


def _zero(field: str) -> float:
    return 0 if field in _WHOLE_NUMBERS else 0.0
