"""`Buy`, `Sell` and `Close`: the package's own shortcuts, and why not to use them.

They set no magic and no filling policy, and send again up to ten times when the price moved.
"""

from typing import Any

from mt5_simulator.face import constants
from mt5_simulator.face.structures import OrderSendResult
from mt5_simulator.face.symbol_calls import symbol_info_tick
from mt5_simulator.face.trading_calls import order_send, positions_get

ATTEMPTS_MAX = 10
DEVIATION_POINTS = 10
PRICE_MOVED = frozenset({constants.TRADE_RETCODE_REQUOTE, constants.TRADE_RETCODE_PRICE_OFF})


def Buy(  # the package's name
    symbol: str,
    volume: float,
    price: float | None = None,
    *,
    comment: str | None = None,
    ticket: int | None = None,
) -> OrderSendResult | None:
    """Buy at `price`, or at whatever the price is."""
    return _send(constants.ORDER_TYPE_BUY, symbol, volume, price, _marks(comment, ticket))


def Sell(  # the package's name
    symbol: str,
    volume: float,
    price: float | None = None,
    *,
    comment: str | None = None,
    ticket: int | None = None,
) -> OrderSendResult | None:
    """Sell at `price`, or at whatever the price is."""
    return _send(constants.ORDER_TYPE_SELL, symbol, volume, price, _marks(comment, ticket))


def Close(  # the package's name
    symbol: str, *, comment: str | None = None, ticket: int | None = None
) -> bool | str:
    """Close the positions of a symbol, or the one with a ticket.

    Returns True when all closed, "Partially" when some did and False when none did or there were
    none. Raises TypeError when the terminal does not answer, as the package does.
    """
    wanted: dict[str, Any] = {"symbol": symbol} if ticket is None else {"ticket": ticket}
    positions: Any = positions_get(**wanted)
    tried = closed = 0
    for position in positions:
        tried += 1
        opposite = constants.ORDER_TYPE_SELL - position.type
        result = _send(
            opposite, position.symbol, position.volume, None, _marks(comment, position.ticket)
        )
        closed += result is not None and result.retcode == constants.TRADE_RETCODE_DONE
    if not closed:
        return False
    return True if closed == tried else "Partially"


def _marks(comment: str | None, ticket: int | None) -> dict[str, object]:
    marks = {"comment": comment, "position": ticket}
    return {name: value for name, value in marks.items() if value is not None}


def _send(
    order_type: int, symbol: str, volume: float, price: float | None, marks: dict[str, object]
) -> OrderSendResult | None:
    if price is not None:
        return _attempt(order_type, symbol, volume, price, marks)
    result = None
    for _ in range(ATTEMPTS_MAX):
        tick: Any = symbol_info_tick(symbol)
        # Without a tick this fails with AttributeError, as in the package.
        present = tick.ask if order_type == constants.ORDER_TYPE_BUY else tick.bid
        result = _attempt(order_type, symbol, volume, present, marks)
        if result is None or result.retcode not in PRICE_MOVED:
            break
    return result


def _attempt(
    order_type: int, symbol: str, volume: float, price: float, marks: dict[str, object]
) -> OrderSendResult | None:
    request = {
        "action": constants.TRADE_ACTION_DEAL,
        "symbol": symbol,
        "volume": volume,
        "type": order_type,
        "price": price,
        "deviation": DEVIATION_POINTS,
        **marks,
    }
    return order_send(request)
