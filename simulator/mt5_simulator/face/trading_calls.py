"""The functions about orders, positions and deals."""

from typing import Any

from mt5_simulator.face import arguments as check
from mt5_simulator.face.arguments import Overflowed, Refused
from mt5_simulator.face.built_in import Keywords
from mt5_simulator.face.exporting import (
    INVALID,
    Arguments,
    Row,
    exported,
    positional,
    refuse_all,
    rows,
    session,
    symbol_name,
)
from mt5_simulator.face.structures import (
    OrderCheckResult,
    OrderSendResult,
    TradeDeal,
    TradeOrder,
    TradePosition,
    TradeRequest,
)


@exported
def orders_total(arguments: Arguments, keywords: Keywords) -> int | None:
    refuse_all("orders_total", arguments, keywords)
    return session.ask("orders_total")


@exported
def orders_get(arguments: Arguments, keywords: Keywords) -> tuple[TradeOrder, ...] | None:
    return rows(TradeOrder, session.ask("orders_get", check.filters(arguments, keywords)))


@exported
def positions_total(arguments: Arguments, keywords: Keywords) -> int | None:
    refuse_all("positions_total", arguments, keywords)
    return session.ask("positions_total")


@exported
def positions_get(arguments: Arguments, keywords: Keywords) -> tuple[TradePosition, ...] | None:
    return rows(TradePosition, session.ask("positions_get", check.filters(arguments, keywords)))


@exported
def history_orders_total(arguments: Arguments, keywords: Keywords) -> int | None:
    return session.ask("history_orders_total", check.time_range(arguments, keywords))


@exported
def history_orders_get(arguments: Arguments, keywords: Keywords) -> tuple[TradeOrder, ...] | None:
    return rows(TradeOrder, session.ask("history_orders_get", check.history(arguments, keywords)))


@exported
def history_deals_total(arguments: Arguments, keywords: Keywords) -> int | None:
    return session.ask("history_deals_total", check.time_range(arguments, keywords))


@exported
def history_deals_get(arguments: Arguments, keywords: Keywords) -> tuple[TradeDeal, ...] | None:
    return rows(TradeDeal, session.ask("history_deals_get", check.history(arguments, keywords)))


@exported
def order_send(arguments: Arguments, keywords: Keywords) -> OrderSendResult | None:
    return _traded(OrderSendResult, "order_send", check.request(arguments, keywords))


@exported
def order_check(arguments: Arguments, keywords: Keywords) -> OrderCheckResult | None:
    return _traded(OrderCheckResult, "order_check", check.request(arguments, keywords))


def _traded(kind: type[Row], call: str, request: dict[str, Any]) -> Row | None:
    answer = session.ask(call, request)
    if answer is None:
        return None
    *items, echoed = answer
    return kind([*items, TradeRequest(echoed)])


@exported
def order_calc_margin(arguments: Arguments, keywords: Keywords) -> float | None:
    try:
        action, symbol, volume, price = positional("order_calc_margin", arguments, keywords, 4)
        details = _calculation(action, symbol, volume=volume, price=price)
    except Refused as refusal:
        # Unlike its sister, this function leaves the Python error behind.
        raise Overflowed(refusal.text, TypeError("bad arguments")) from refusal
    return session.ask("order_calc_margin", details)


@exported
def order_calc_profit(arguments: Arguments, keywords: Keywords) -> float | None:
    action, symbol, volume, opened, closed = positional("order_calc_profit", arguments, keywords, 5)
    details = _calculation(action, symbol, volume=volume, price_open=opened, price_close=closed)
    return session.ask("order_calc_profit", details)


def _calculation(action: object, symbol: object, **numbers: object) -> dict[str, Any]:
    """Return what the two calculations take. Here, unlike in a request, a whole number will do."""
    details: dict[str, Any] = {
        "action": check.unsigned(action, 32, INVALID),
        "symbol": symbol_name(symbol),
    }
    for name, value in numbers.items():
        details[name] = check.number(float(value) if isinstance(value, int) else value, INVALID)
    return details
