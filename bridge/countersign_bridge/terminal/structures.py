"""The package's structures, made into plain values; what it tells as a float becomes exact."""

from collections.abc import Sequence
from typing import Any

from countersign_bridge.decimals import PLACES_MAX, VOLUME_PLACES, from_float
from countersign_bridge.terminal.views import (
    AccountView,
    DealView,
    OrderView,
    PositionView,
    SymbolView,
    TerminalView,
    TickView,
)
from countersign_bridge.trading.retcodes import SendAnswer
from countersign_guards.pips import pip_of

# A structure of the package: a tuple with names, of no type that a checker could know.
Structure = Any

# Averaged prices, swaps and commissions have more decimals than the prices that are quoted.
_AVERAGED_PLACES = 3
_MONEY_PLACES = 8


def account_view(info: Structure) -> AccountView:
    return AccountView(
        login=int(info.login),
        server=str(info.server),
        currency=str(info.currency),
        margin_mode=int(info.margin_mode),
        trade_allowed=bool(info.trade_allowed),
        trade_expert=bool(info.trade_expert),
        balance=from_float(info.balance, _MONEY_PLACES),
        equity=from_float(info.equity, _MONEY_PLACES),
        credit=from_float(info.credit, _MONEY_PLACES),
        margin=from_float(info.margin, _MONEY_PLACES),
        margin_free=from_float(info.margin_free, _MONEY_PLACES),
        currency_digits=int(info.currency_digits),
    )


def terminal_view(info: Structure) -> TerminalView:
    return TerminalView(
        connected=bool(info.connected),
        trade_allowed=bool(info.trade_allowed),
        api_disabled=bool(info.tradeapi_disabled),
        build=int(info.build),
        ping_last_us=int(info.ping_last),
    )


def symbol_view(info: Structure, *, margins: Sequence[float] = ()) -> SymbolView:
    tick_size = from_float(info.trade_tick_size, PLACES_MAX)
    pip = pip_of(
        str(info.name),
        digits=int(info.digits),
        tick_size=tick_size,
        currency_base=str(info.currency_base),
        currency_profit=str(info.currency_profit),
        price=from_float(info.bid, PLACES_MAX),
    )
    return SymbolView(
        name=str(info.name),
        digits=int(info.digits),
        point=from_float(info.point, PLACES_MAX),
        contract_size=from_float(info.trade_contract_size, PLACES_MAX),
        tick_size=tick_size,
        tick_value=from_float(info.trade_tick_value, PLACES_MAX),
        volume_min=from_float(info.volume_min, VOLUME_PLACES),
        volume_max=from_float(info.volume_max, VOLUME_PLACES),
        volume_step=from_float(info.volume_step, VOLUME_PLACES),
        currency_base=str(info.currency_base),
        currency_profit=str(info.currency_profit),
        margin_per_lot=from_float(max(margins, default=0.0), _MONEY_PLACES),
        pip_size=pip,
        filling_mask=int(info.filling_mode),
        trade_mode=int(info.trade_mode),
    )


def tick_view(tick: Structure, *, symbol: str, digits: int) -> TickView:
    return TickView(
        symbol=symbol,
        bid=from_float(tick.bid, digits),
        ask=from_float(tick.ask, digits),
        broker_time_ms=int(tick.time_msc),
    )


def position_view(position: Structure, *, digits: int) -> PositionView:
    return PositionView(
        ticket=int(position.ticket),
        identifier=int(position.identifier),
        magic=int(position.magic),
        symbol=str(position.symbol),
        type=int(position.type),
        volume=from_float(position.volume, VOLUME_PLACES),
        price_open=from_float(position.price_open, digits + _AVERAGED_PLACES),
        price_current=from_float(position.price_current, digits),
        stop_loss=from_float(position.sl, digits),
        take_profit=from_float(position.tp, digits),
        profit=from_float(position.profit, _MONEY_PLACES),
        swap=from_float(position.swap, _MONEY_PLACES),
        broker_time_ms=int(position.time_msc),
        comment=str(position.comment),
    )


def order_view(order: Structure, *, digits: int) -> OrderView:
    return OrderView(
        ticket=int(order.ticket),
        magic=int(order.magic),
        symbol=str(order.symbol),
        type=int(order.type),
        state=int(order.state),
        volume_initial=from_float(order.volume_initial, VOLUME_PLACES),
        volume_current=from_float(order.volume_current, VOLUME_PLACES),
        price_open=from_float(order.price_open, digits),
        stop_loss=from_float(order.sl, digits),
        take_profit=from_float(order.tp, digits),
        position_id=int(order.position_id),
        type_time=int(order.type_time),
        expiration_s=int(order.time_expiration),
        broker_time_ms=int(order.time_setup_msc),
    )


def deal_view(deal: Structure, *, digits: int) -> DealView:
    return DealView(
        ticket=int(deal.ticket),
        order=int(deal.order),
        position_id=int(deal.position_id),
        magic=int(deal.magic),
        type=int(deal.type),
        entry=int(deal.entry),
        reason=int(deal.reason),
        symbol=str(deal.symbol),
        volume=from_float(deal.volume, VOLUME_PLACES),
        price=from_float(deal.price, digits + _AVERAGED_PLACES),
        profit=from_float(deal.profit, _MONEY_PLACES),
        commission=from_float(deal.commission, _MONEY_PLACES),
        swap=from_float(deal.swap, _MONEY_PLACES),
        fee=from_float(deal.fee, _MONEY_PLACES),
        broker_time_ms=int(deal.time_msc),
        comment=str(deal.comment),
    )


def send_answer(result: Structure | None, *, error_code: int) -> SendAnswer:
    """Return what `order_send` answered; None is what it returns when no answer came."""
    if result is None:
        nothing = from_float(0.0, 0)
        return SendAnswer(0, error_code, 0, 0, nothing, nothing, "")
    return SendAnswer(
        retcode=int(result.retcode),
        error_code=error_code,
        order=int(result.order),
        deal=int(result.deal),
        volume=from_float(result.volume, VOLUME_PLACES),
        price=from_float(result.price, PLACES_MAX),
        comment=str(result.comment),
    )
