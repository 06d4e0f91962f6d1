"""What the server does with each kind of request."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mt5_simulator.broker import rules
from mt5_simulator.broker.account import Account
from mt5_simulator.broker.case import Case, is_sane
from mt5_simulator.broker.codes import (
    Action,
    Filling,
    OrderState,
    OrderType,
    Retcode,
    TimePolicy,
)
from mt5_simulator.broker.execution import Desk
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import EPOCH
from mt5_simulator.broker.records import COMMENT_MAX, Answer, Order, Request
from mt5_simulator.broker.symbols import Symbol

ZERO = Decimal(0)
ACTIONS = frozenset(Action)


def handle(desk: Desk, account: Account, request: Request, now: datetime) -> Answer:
    """Carry a request out, or say why not."""
    case = case_of(account, desk.market, request, now)
    if isinstance(case, Retcode):
        return Answer(case, comment=case.text)
    code = objection(desk, case)
    if code is not None:
        return _answer(case, code)
    return _HANDLERS[Action(case.request.action)](desk, case)


def accept(desk: Desk, account: Account, request: Request, now: datetime) -> Answer:
    """Take a market order on without executing it: PLACED, and the order is working."""
    case = case_of(account, desk.market, request, now)
    if isinstance(case, Retcode):
        return Answer(case, comment=case.text)
    code = objection(desk, case)
    if code is None and case.request.action != Action.DEAL:
        code = Retcode.INVALID
    if code is not None:
        return _answer(case, code)
    return _placed(desk, case, Retcode.PLACED)


def objection(desk: Desk, case: Case) -> Retcode | None:
    """Return the code a request is turned down with, the account's money included."""
    code = rules.refusal(case)
    if code is not None:
        return code
    opens = case.request.action in {Action.DEAL, Action.PENDING} and not case.is_close
    if opens and not desk.affordable(case.account, order_of(case)):
        return Retcode.NO_MONEY
    return None


def case_of(account: Account, market: Market, request: Request, now: datetime) -> Case | Retcode:
    """Return the request with all it is judged by, or the code that says it is nonsense."""
    if request.action not in ACTIONS:
        return Retcode.INVALID
    action = Action(request.action)
    order = account.orders.get(request.order)
    position = account.positions.get(request.position)
    if action in {Action.MODIFY, Action.REMOVE} and order is not None:
        request = replace(
            request, symbol=order.symbol, type=order.type, volume=order.volume_current
        )
    if action in {Action.SLTP, Action.CLOSE_BY} and position is not None:
        request = replace(request, symbol=position.symbol)
    if action is Action.SLTP and position is None and not account.is_hedging:
        position = account.net_position(request.symbol)
    symbol = market.symbols.get(request.symbol)
    if symbol is None:
        of_position = action in {Action.SLTP, Action.CLOSE_BY}
        return Retcode.POSITION_CLOSED if of_position else Retcode.INVALID
    return Case(
        account=account,
        market=market,
        request=replace(request, sl=_quoted(symbol, request.sl), tp=_quoted(symbol, request.tp)),
        symbol=symbol,
        quote=market.quotes.get(symbol.name),
        now=now,
        position=position,
        other=account.positions.get(request.position_by),
        order=order,
    )


def _quoted(symbol: Symbol, stop: Decimal) -> Decimal:
    """Return a stop at the nearest price the symbol has, if it is any price at all."""
    return symbol.rounded(stop) if is_sane(stop) else stop


def order_of(case: Case) -> Order:
    """Return the order a request asks for, without a ticket yet."""
    request = case.request
    waits = request.action == Action.PENDING
    return Order(
        ticket=0,
        symbol=case.symbol.name,
        type=OrderType(request.type),
        state=OrderState.STARTED,
        filling=Filling(request.type_filling),
        time_policy=TimePolicy(request.type_time) if waits else TimePolicy.GTC,
        set_up_at=case.now,
        volume_initial=request.volume,
        volume_current=request.volume,
        price=request.price if waits else ZERO,
        reason=request.reason,
        expires_at=_expiry(case) if waits else None,
        stop_limit_price=request.stoplimit,
        sl=request.sl,
        tp=request.tp,
        magic=request.magic,
        comment=request.comment[:COMMENT_MAX],
        position_id=case.position.identifier if case.is_close and case.position else 0,
    )


def _expiry(case: Case) -> datetime | None:
    policy, server_time = TimePolicy(case.request.type_time), case.server_time
    if policy is TimePolicy.GTC:
        return None
    if policy is TimePolicy.DAY:
        midnight = server_time.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1) - case.market.offset
    named = EPOCH + timedelta(seconds=case.request.expiration)
    if policy is TimePolicy.SPECIFIED_DAY:
        named = datetime(named.year, named.month, named.day, tzinfo=UTC) + timedelta(days=1)
    return named - case.market.offset


def _deal(desk: Desk, case: Case) -> Answer:
    order = replace(order_of(case), ticket=desk.tickets.next_order())
    order, deals = desk.fill(case.account, order, case.now)
    if not deals:
        is_working = order.done_at is None
        answer = _answer(case, Retcode.PLACED if is_working else Retcode.REJECT)
        return replace(answer, order=order.ticket)
    volume = sum((deal.volume for deal in deals), ZERO)
    price = sum((deal.volume * deal.price for deal in deals), ZERO) / volume
    return replace(
        _answer(case, Retcode.DONE_PARTIAL if order.volume_current else Retcode.DONE),
        deal=deals[0].ticket,
        order=order.ticket,
        volume=volume,
        price=price,
    )


def _pending(desk: Desk, case: Case) -> Answer:
    return _placed(desk, case, Retcode.DONE)


def _placed(desk: Desk, case: Case, code: Retcode) -> Answer:
    order = replace(order_of(case), ticket=desk.tickets.next_order(), state=OrderState.PLACED)
    case.account.work(order)
    return replace(
        _answer(case, code), order=order.ticket, volume=order.volume_initial, price=order.price
    )


def _stops(_: Desk, case: Case) -> Answer:
    position = case.position
    assert position is not None, "the rules refuse stops for no position"  # noqa: S101
    moved = replace(position, sl=case.request.sl, tp=case.request.tp, updated_at=case.now)
    case.account.hold(moved)
    return _answer(case, Retcode.DONE)


def _modify(_: Desk, case: Case) -> Answer:
    order, request = case.order, case.request
    assert order is not None, "the rules refuse to modify no order"  # noqa: S101
    changed = replace(
        order,
        price=request.price,
        stop_limit_price=request.stoplimit,
        sl=request.sl,
        tp=request.tp,
        time_policy=TimePolicy(request.type_time),
        expires_at=_expiry(case),
    )
    if changed == order:
        return _answer(case, Retcode.NO_CHANGES)
    case.account.work(changed)
    return replace(_answer(case, Retcode.DONE), order=order.ticket, price=changed.price)


def _remove(desk: Desk, case: Case) -> Answer:
    assert case.order is not None, "the rules refuse to remove no order"  # noqa: S101
    desk.conclude(case.account, case.order, OrderState.CANCELED, case.now)
    return replace(_answer(case, Retcode.DONE), order=case.order.ticket)


def _close_by(desk: Desk, case: Case) -> Answer:
    position, other = case.position, case.other
    assert position is not None, "the rules refuse to close no position"  # noqa: S101
    assert other is not None, "the rules refuse to close by no position"  # noqa: S101
    # The two positions say everything; whatever else a request names may be nonsense.
    asked = case.request
    bare = Request(
        action=Action.CLOSE_BY,
        type=OrderType.CLOSE_BY,
        magic=asked.magic,
        comment=asked.comment,
        reason=asked.reason,
    )
    order = replace(
        order_of(replace(case, request=bare)),
        ticket=desk.tickets.next_order(),
        position_id=position.identifier,
        position_by_id=other.identifier,
        volume_initial=min(position.volume, other.volume),
        price=other.price_open,
    )
    deals = desk.close_by(case.account, order, position, other)
    return replace(
        _answer(case, Retcode.DONE),
        deal=deals[0].ticket,
        order=order.ticket,
        volume=deals[0].volume,
        price=deals[0].price,
    )


def _answer(case: Case, code: Retcode) -> Answer:
    quote = case.quote
    return Answer(
        code,
        bid=quote.bid if quote else ZERO,
        ask=quote.ask if quote else ZERO,
        comment=code.text,
    )


_HANDLERS: Mapping[Action, Callable[[Desk, Case], Answer]] = {
    Action.DEAL: _deal,
    Action.PENDING: _pending,
    Action.SLTP: _stops,
    Action.MODIFY: _modify,
    Action.REMOVE: _remove,
    Action.CLOSE_BY: _close_by,
}
