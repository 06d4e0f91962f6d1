"""The one request that an intent becomes, given what the terminal shows."""

from datetime import datetime, timedelta
from decimal import Decimal

from countersign_bridge.decimals import decimal_text, is_multiple
from countersign_bridge.intents import EntryKind, Intent, Kind, Side
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
    PendingOrder,
    PendingRemoval,
    PendingStops,
    PositionStops,
    TradeRequest,
    choose_filling,
    closable,
)
from countersign_bridge.trading.targets import TargetMissing, find_target
from countersign_bridge.trading.verification import Offer, Refusal, trading_side

_MARKET_TYPES = {Side.BUY: OrderType.BUY, Side.SELL: OrderType.SELL}
_PENDING_TYPES = {
    (Side.BUY, EntryKind.LIMIT): OrderType.BUY_LIMIT,
    (Side.SELL, EntryKind.LIMIT): OrderType.SELL_LIMIT,
    (Side.BUY, EntryKind.STOP): OrderType.BUY_STOP,
    (Side.SELL, EntryKind.STOP): OrderType.SELL_STOP,
}


def order_for(
    offer: Offer, intent: Intent, shown: InspectAnswer, *, broker_offset: timedelta | None
) -> TradeRequest | Refusal:
    """Return the request that carries out `intent`, or why there is none.

    `broker_offset` is the broker's clock less UTC; None: not known.
    """
    if intent.kind is Kind.OPEN:
        return _opening(offer, intent, shown)
    if intent.kind is Kind.PLACE:
        return _placing(offer, intent, shown, broker_offset)
    return _change(offer, intent, shown)


def _opening(offer: Offer, intent: Intent, shown: InspectAnswer) -> TradeRequest | Refusal:
    symbol, tick, volume = _market(intent, shown)
    return _volume_refusal(volume, symbol) or MarketOrder(
        symbol=symbol.name,
        type=_MARKET_TYPES[intent.side],
        volume=volume,
        price=_price(intent.side, tick),
        deviation_points=_deviation(intent, tick, symbol),
        filling=choose_filling(filling_mask=symbol.filling_mask),
        magic=offer.magic,
        comment=_comment(offer),
        stop_loss=intent.stop_loss,
        take_profit=intent.take_profit,
    )


def _placing(
    offer: Offer, intent: Intent, shown: InspectAnswer, broker_offset: timedelta | None
) -> TradeRequest | Refusal:
    symbol, _, volume = _market(intent, shown)
    entry = intent.entry
    if entry is None or entry.price is None:
        raise AssertionError("a parsed intent to place has an entry price")
    expiration_s = None
    if intent.good_until is not None:
        if broker_offset is None:
            return Refusal.for_now("BROKER_TIME_UNKNOWN", "no price has told the broker's time yet")
        expiration_s = _broker_seconds(intent.good_until, broker_offset)
    return _volume_refusal(volume, symbol) or PendingOrder(
        symbol=symbol.name,
        type=_PENDING_TYPES[intent.side, entry.kind],
        volume=volume,
        price=entry.price,
        # A pending order keeps what does not fill at once: that is what pending means.
        filling=Filling.RETURN,
        magic=offer.magic,
        comment=_comment(offer),
        stop_loss=intent.stop_loss,
        take_profit=intent.take_profit,
        expiration_s=expiration_s,
    )


def _change(offer: Offer, intent: Intent, shown: InspectAnswer) -> TradeRequest | Refusal:
    found = find_target(intent, offer.target, shown)
    if isinstance(found, TargetMissing):
        return Refusal.for_good(found.reason, found.detail)
    if isinstance(found, OrderView):
        if intent.kind is Kind.CANCEL:
            return PendingRemoval(found.ticket, found.symbol, offer.magic)
        return PendingStops(
            order=found.ticket,
            symbol=found.symbol,
            price=found.price_open,
            type_time=found.type_time,
            expiration_s=found.expiration_s,
            magic=offer.magic,
            stop_loss=intent.stop_loss,
            take_profit=intent.take_profit,
        )
    if intent.kind is Kind.MODIFY:
        return PositionStops(
            symbol=found.symbol,
            position=found.ticket,
            magic=offer.magic,
            stop_loss=intent.stop_loss,
            take_profit=intent.take_profit,
        )
    return _closing(offer, intent, shown, found)


def _closing(
    offer: Offer, intent: Intent, shown: InspectAnswer, position: PositionView
) -> TradeRequest | Refusal:
    symbol, tick, approved = _market(intent, shown)
    side = trading_side(intent)
    # Never more than is open: on a netting account the rest would open the other way round.
    # What is more than the broker takes in one order, whoever wants it closed sees still open.
    volume = closable(min(approved, position.volume), symbol)
    return _volume_refusal(volume, symbol) or MarketOrder(
        symbol=symbol.name,
        type=_MARKET_TYPES[side],
        volume=volume,
        price=_price(side, tick),
        deviation_points=_deviation(intent, tick, symbol),
        filling=choose_filling(filling_mask=symbol.filling_mask),
        magic=offer.magic,
        comment=_comment(offer),
        position=position.ticket,
    )


def _market(intent: Intent, shown: InspectAnswer) -> tuple[SymbolView, TickView, Decimal]:
    if shown.symbol is None or shown.tick is None or intent.volume is None:
        raise AssertionError("the checks of the terminal come first")
    return shown.symbol, shown.tick, intent.volume


def _volume_refusal(volume: Decimal, symbol: SymbolView) -> Refusal | None:
    rule = (
        f"{decimal_text(symbol.volume_min)} to {decimal_text(symbol.volume_max)} lots in steps of "
        f"{decimal_text(symbol.volume_step)}"
    )
    if symbol.volume_min <= volume <= symbol.volume_max and is_multiple(volume, symbol.volume_step):
        return None
    return Refusal.for_good(
        "VOLUME_INVALID", f"{decimal_text(volume)} lots; the broker takes {rule}"
    )


def _price(side: Side, tick: TickView) -> Decimal:
    return tick.ask if side is Side.BUY else tick.bid


def _deviation(intent: Intent, tick: TickView, symbol: SymbolView) -> int:
    """Return how many points worse than now the band still allows. No band: none."""
    side = trading_side(intent)
    price = _price(side, tick)
    worst = intent.price_max if side is Side.BUY else intent.price_min
    return 0 if worst is None else int(abs(worst - price) // symbol.point)


def _broker_seconds(moment: datetime, offset: timedelta) -> int:
    """Return a moment as the broker's clock counts it: seconds as if that clock were UTC."""
    return int((moment + offset).timestamp())


def _comment(offer: Offer) -> str:
    """Return a hint for people who read the terminal. Finding the order is the magic's work."""
    return f"countersign {offer.command_id[:8]}"
