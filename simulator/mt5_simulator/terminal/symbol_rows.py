"""A symbol as the terminal hands it out: 96 items, most of them zero at most brokers."""

from decimal import Decimal

from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.face.structures import SymbolInfo
from mt5_simulator.terminal.rows import Row, seconds

FLAGS = frozenset({"custom", "margin_hedged_use_leg"})
TEXTS = frozenset({"basis", "category", "bank", "exchange", "formula", "isin", "page"})
WHOLE_NUMBERS = frozenset(
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


def symbol_row(
    market: Market,
    symbol: Symbol,
    *,
    tick_values: tuple[Decimal, Decimal],
    selected: bool,
) -> Row:
    """Return a SymbolInfo's items.

    `tick_values` are the worth of one tick and lot in account currency, as profit and as loss.
    """
    quote = market.quotes[symbol.name]
    known = {
        **contract_fields(symbol),
        **rule_fields(symbol),
        **_prices(quote, market.day_of(symbol.name), symbol),
        "select": selected,
        "visible": selected,
        "time": seconds(market, quote.time),
        "trade_tick_value": float(tick_values[0]),
        "trade_tick_value_profit": float(tick_values[0]),
        "trade_tick_value_loss": float(tick_values[1]),
    }
    return list((_UNUSED | known).values())


def contract_fields(symbol: Symbol) -> dict[str, object]:
    return {
        "name": symbol.name,
        "description": symbol.description,
        "path": symbol.path,
        "currency_base": symbol.currency_base,
        "currency_profit": symbol.currency_profit,
        "currency_margin": symbol.currency_margin,
        "digits": symbol.digits,
        "point": float(symbol.point),
        "trade_tick_size": float(symbol.price_step),
        "trade_contract_size": float(symbol.contract_size),
        "trade_calc_mode": int(symbol.calc_mode),
        "trade_accrued_interest": float(symbol.accrued_interest),
        "trade_face_value": float(symbol.face_value),
        "trade_liquidity_rate": float(symbol.liquidity_rate),
        "margin_initial": float(symbol.margin_initial),
        "margin_maintenance": float(symbol.margin_maintenance),
        "margin_hedged": float(symbol.margin_hedged),
        "swap_mode": int(symbol.swap_mode),
        "swap_rollover3days": symbol.swap_triple_day,
        "swap_long": float(symbol.swap_long),
        "swap_short": float(symbol.swap_short),
    }


def rule_fields(symbol: Symbol) -> dict[str, object]:
    return {
        "trade_mode": int(symbol.trade_mode),
        "trade_exemode": int(symbol.execution),
        "trade_stops_level": symbol.stops_level,
        "trade_freeze_level": symbol.freeze_level,
        "filling_mode": int(symbol.filling),
        "order_mode": int(symbol.order_mode),
        "expiration_mode": symbol.expiration_mode,
        "ticks_bookdepth": symbol.book_depth,
        "volume_min": float(symbol.volume_min),
        "volume_max": float(symbol.volume_max),
        "volume_step": float(symbol.volume_step),
        "volume_limit": float(symbol.volume_limit),
    }


def _prices(
    quote: Quote, day: tuple[Decimal, Decimal, Decimal], symbol: Symbol
) -> dict[str, object]:
    """Return the present prices and the day's. The ask's extremes are the bid's and the spread."""
    opened, high, low = day
    spread = quote.ask - quote.bid
    return {
        "bid": float(quote.bid),
        "bidhigh": float(high),
        "bidlow": float(low),
        "ask": float(quote.ask),
        "askhigh": float(high + spread),
        "asklow": float(low + spread),
        "spread": int(spread / symbol.point),
        "spread_float": True,
        "session_open": float(opened),
        "session_close": float(opened),
        "price_change": float(round((quote.bid - opened) / opened * 100, 4)),
    }


def _unused(field: str) -> object:
    """Return the zero of a field nobody fills in here."""
    if field in FLAGS:
        return False
    if field in TEXTS:
        return ""
    return 0 if field in WHOLE_NUMBERS else 0.0


# In the order of the structure, which is what makes the values a row.
_UNUSED = {field: _unused(field) for field in SymbolInfo.__match_args__}
