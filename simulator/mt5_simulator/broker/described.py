"""A symbol as a real terminal describes it, made into one that the simulated broker trades."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.codes import (
    CalcMode,
    Execution,
    FillingMask,
    OrderMode,
    SwapMode,
    TradeMode,
)
from mt5_simulator.broker.symbols import ALWAYS, Session, Symbol

_CURRENCIES = ("currency_base", "currency_profit", "currency_margin")
_AMOUNTS = {
    "trade_contract_size": "contract_size",
    "volume_min": "volume_min",
    "volume_max": "volume_max",
    "volume_step": "volume_step",
    "volume_limit": "volume_limit",
    "trade_tick_size": "tick_size",
    "margin_initial": "margin_initial",
    "margin_maintenance": "margin_maintenance",
    "margin_hedged": "margin_hedged",
    "trade_face_value": "face_value",
    "trade_accrued_interest": "accrued_interest",
    "trade_liquidity_rate": "liquidity_rate",
    "swap_long": "swap_long",
    "swap_short": "swap_short",
}
_NUMBERS = {
    "trade_stops_level": "stops_level",
    "trade_freeze_level": "freeze_level",
    "swap_rollover3days": "swap_triple_day",
    "ticks_bookdepth": "book_depth",
    "expiration_mode": "expiration_mode",
}
_CODES = {
    "trade_calc_mode": ("calc_mode", CalcMode),
    "trade_mode": ("trade_mode", TradeMode),
    "trade_exemode": ("execution", Execution),
    "filling_mode": ("filling", FillingMask),
    "order_mode": ("order_mode", OrderMode),
    "swap_mode": ("swap_mode", SwapMode),
}
_FUTURES = frozenset({CalcMode.FUTURES, CalcMode.EXCH_FUTURES})
VOLATILITY_SHARE = 3


def symbol_from(info: Mapping[str, Any], sessions: tuple[Session, ...] = ALWAYS) -> Symbol:
    """Return the symbol of `symbol_info(...)._asdict()`, as a real terminal printed it.

    A terminal does not tell its sessions: name them, or it trades always. A field that is absent is
    zero, as in a print that leaves zeros out. Volatility is a third of the spread, which is no more
    than a guess. Raises KeyError for a record without a name, prices or volumes, and ValueError for
    one that no symbol can have.
    """
    fields: dict[str, Any] = {
        "name": info["name"],
        "description": info.get("description", ""),
        "path": info.get("path", info["name"]),
        "digits": int(info["digits"]),
        "start_price": _exact(info["bid"]),
        "spread_points": int(info["spread"]),
        "volatility_points": max(1, int(info["spread"]) // VOLATILITY_SHARE),
        "sessions": sessions,
        **{name: info[name] for name in _CURRENCIES},
        **{field: _exact(info.get(name, 0)) for name, field in _AMOUNTS.items()},
        **{field: int(info.get(name, 0)) for name, field in _NUMBERS.items()},
        **{field: kind(int(info.get(name, 0))) for name, (field, kind) in _CODES.items()},
    }
    if fields["calc_mode"] in _FUTURES:
        fields["tick_value"] = _exact(info["trade_tick_value"])
    return Symbol(**fields)


def _exact(number: float) -> Decimal:
    # repr is the shortest text that reads back as the same float: what the broker entered.
    return Decimal(repr(number))
