"""The functions about orders, positions and deals."""

from typing import Any

from mt5_simulator.face import arguments as check
from mt5_simulator.face.built_in import Keywords
from mt5_simulator.face.exporting import (
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
    ends = positional("history_orders_total", arguments, keywords, 2)
    return session.ask("history_orders_total", check.time_range(ends))


@exported
def history_orders_get(arguments: Arguments, keywords: Keywords) -> tuple[TradeOrder, ...] | None:
    return rows(TradeOrder, session.ask("history_orders_get", check.history(arguments, keywords)))


@exported
def history_deals_total(arguments: Arguments, keywords: Keywords) -> int | None:
    ends = positional("history_deals_total", arguments, keywords, 2)
    return session.ask("history_deals_total", check.time_range(ends))


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
    given = positional("order_calc_margin", arguments, keywords, 4)
    return session.ask("order_calc_margin", _calculation(given, "volume", "price"))


@exported
def order_calc_profit(arguments: Arguments, keywords: Keywords) -> float | None:
    given = positional("order_calc_profit", arguments, keywords, 5)
    details = _calculation(given, "volume", "price_open", "price_close")
    return session.ask("order_calc_profit", details)


def _calculation(arguments: Arguments, *numbers: str) -> dict[str, Any]:
    action, symbol, *values = arguments
    details: dict[str, Any] = {"action": check.c_mask(action)}
    for name, value in zip(numbers, values, strict=True):
        details[name] = check.c_double(value)
    # The symbol is looked at last: by then every number has been converted.
    details["symbol"] = symbol_name(symbol)
    return details
