"""What the guard closes by itself, as which request, and when again if that fails. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from countersign_bridge.intents import Side
from countersign_bridge.terminal.jobs import InspectAnswer
from countersign_bridge.terminal.views import (
    OrderType,
    OrderView,
    PositionView,
    SymbolView,
    TickView,
)
from countersign_bridge.trading.requests import (
    Filling,
    MarketOrder,
    PendingRemoval,
    TradeRequest,
    closable,
)
from countersign_bridge.trading.verification import Refusal

# How far from the price shown a close may be done where the broker asks: it is to be over.
_SLIPPAGE = Decimal("0.05")
_FOK_MASK, _IOC_MASK = 1, 2
_TRADE_DISABLED = 0
# The delays after so many refusals in a row.
_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_COMMENT = "countersign guard"

MARKET_CLOSED = "MARKET_CLOSED"


@dataclass(frozen=True, slots=True)
class Target:
    """A position, by its identifier, or a pending order, by its ticket."""

    identifier: int
    is_order: bool
    ticket: int
    symbol: str
    side: Side
    volume: Decimal

    @property
    def key(self) -> tuple[bool, int]:
        return self.is_order, self.identifier


def targets(positions: Sequence[PositionView], orders: Sequence[OrderView]) -> list[Target]:
    """Return all that is to be closed, in turn: what may still open something goes first."""
    pending = [
        Target(one.ticket, True, one.ticket, one.symbol, one.side, one.volume_current)  # noqa: FBT003  # its second field
        for one in orders
    ]
    held = [
        Target(one.identifier, False, one.ticket, one.symbol, one.side, one.volume)  # noqa: FBT003
        for one in positions
    ]
    return [*pending, *held]


def found_again(target: Target, shown: InspectAnswer) -> Target | None:
    """Return the target as it is open now; None: it is not open any more."""
    now = targets(shown.positions, shown.orders)
    return next((one for one in now if one.key == target.key), None)


def closing_request(target: Target, shown: InspectAnswer, *, magic: int) -> TradeRequest | Refusal:
    """Return the request that closes a target as it is open now, or why there is none yet.

    What is more than the broker takes in one order is closed in several.
    """
    refusal = _terminal_refusal(shown)
    if refusal is not None:
        return refusal
    if target.is_order:
        return PendingRemoval(target.ticket, target.symbol, magic)
    symbol, tick = shown.symbol, shown.tick
    if symbol is None:
        return Refusal.for_now("SYMBOL_UNKNOWN", f"the broker shows no symbol {target.symbol}")
    if symbol.trade_mode == _TRADE_DISABLED:
        return Refusal.for_now(MARKET_CLOSED, f"the broker has closed {target.symbol} to trading")
    if tick is None:
        return Refusal.for_now("NO_PRICE", f"the terminal shows no price of {target.symbol}")
    side = target.side.opposite
    price = tick.ask if side is Side.BUY else tick.bid
    return MarketOrder(
        symbol=symbol.name,
        type=OrderType.BUY if side is Side.BUY else OrderType.SELL,
        volume=closable(target.volume, symbol),
        price=price,
        deviation_points=_deviation(price, symbol),
        filling=_filling(symbol.filling_mask),
        magic=magic,
        comment=_COMMENT,
        position=target.ticket,
    )


def delay_after(refusals: int) -> timedelta:
    """Return how long to wait after so many refusals in a row, 1 or more."""
    return timedelta(seconds=_DELAYS_S[min(refusals, len(_DELAYS_S)) - 1])


def is_newer(tick: TickView | None, broker_time_ms: int) -> bool:
    """Whether a price has come since; in a closed market none does."""
    return tick is not None and tick.broker_time_ms > broker_time_ms


def _terminal_refusal(shown: InspectAnswer) -> Refusal | None:
    terminal, account = shown.terminal, shown.account
    if not terminal.connected:
        return Refusal.for_now("TERMINAL_DISCONNECTED", "the terminal is not connected")
    if terminal.api_disabled or not terminal.trade_allowed:
        return Refusal.for_now("ALGO_TRADING_OFF", "press the Algo Trading button of the terminal")
    if not (account.trade_allowed and account.trade_expert):
        return Refusal.for_now("ACCOUNT_MAY_NOT_TRADE", "the account may not trade by program")
    return None


def _filling(mask: int) -> Filling:
    """Return how a close fills: what there is at once, rather than all or nothing."""
    if mask & _IOC_MASK:
        return Filling.IOC
    return Filling.FOK if mask & _FOK_MASK else Filling.RETURN


def _deviation(price: Decimal, symbol: SymbolView) -> int:
    return int(price * _SLIPPAGE // symbol.point)
