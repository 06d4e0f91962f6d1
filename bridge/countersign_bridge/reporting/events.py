"""Events as the contract has them, each named by what happened."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from countersign.v1 import devices_pb2, execution_pb2, values_pb2
from countersign_bridge.decimals import decimal_text
from countersign_bridge.intents import MarginMode, Side
from countersign_bridge.terminal.views import (
    AccountView,
    DealType,
    DealView,
    OrderView,
    PositionView,
    SymbolView,
    TerminalView,
    TickView,
)
from countersign_bridge.trading.retcodes import Outcome

_DETAIL_MAX = 500
_SYMBOL = re.compile(r"[!-~]{1,31}")
_COMMENT_MAX = 64

OUTCOMES = {
    Outcome.EXECUTED: execution_pb2.ATTEMPT_OUTCOME_EXECUTED,
    Outcome.PARTIAL: execution_pb2.ATTEMPT_OUTCOME_PARTIAL,
    Outcome.WORKING: execution_pb2.ATTEMPT_OUTCOME_WORKING,
    Outcome.REJECTED: execution_pb2.ATTEMPT_OUTCOME_REJECTED,
    Outcome.NOT_SENT: execution_pb2.ATTEMPT_OUTCOME_NOT_SENT,
    Outcome.IN_DOUBT: execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT,
}
_MARGIN_MODES = {
    MarginMode.NETTING: values_pb2.MARGIN_MODE_NETTING,
    MarginMode.EXCHANGE: values_pb2.MARGIN_MODE_EXCHANGE,
    MarginMode.HEDGING: values_pb2.MARGIN_MODE_HEDGING,
}
SIDES = {Side.BUY: values_pb2.SIDE_BUY, Side.SELL: values_pb2.SIDE_SELL}
# MetaTrader counts the entries of a deal from 0.
_ENTRIES = {
    0: execution_pb2.DEAL_ENTRY_IN,
    1: execution_pb2.DEAL_ENTRY_OUT,
    2: execution_pb2.DEAL_ENTRY_INOUT,
    3: execution_pb2.DEAL_ENTRY_OUT_BY,
}

AttemptKey = tuple[str, int]


def event(natural_key: str, time: datetime) -> execution_pb2.Event:
    """Return an event without a body yet."""
    made = execution_pb2.Event(natural_key=natural_key)
    made.event_time.FromDatetime(time)
    return made


def received_event(key: AttemptKey, time: datetime) -> execution_pb2.Event:
    made = event(f"received:{key[0]}:{key[1]}", time)
    made.received.command_id, made.received.attempt = key
    return made


def intent_event(
    key: AttemptKey, time: datetime, *, grant_id: bytes, request_sha256: str, price: str
) -> execution_pb2.Event:
    made = event(f"intent:{key[0]}:{key[1]}", time)
    made.intent.command_id, made.intent.attempt = key
    made.intent.grant_id = grant_id
    made.intent.request_sha256 = request_sha256
    made.intent.price = price
    return made


def result_event(  # noqa: PLR0913  # the fields of one message
    key: AttemptKey,
    time: datetime,
    *,
    outcome: Outcome,
    resolved: bool,
    grant_id: bytes = b"",
    retcode: int = 0,
    error_code: int = 0,
    order_ticket: int = 0,
    deal_ticket: int = 0,
    volume: Decimal | None = None,
    price: Decimal | None = None,
    reason: str = "",
    detail: str = "",
    sent: datetime | None = None,
    returned: datetime | None = None,
) -> execution_pb2.Event:
    """Return how an attempt ended. `resolved`: it was in doubt and was told of as such before.

    What ended a doubt has a name of its own, or it would count as a repeat of the doubt.
    """
    made = event(f"result:{key[0]}:{key[1]}" + (":resolved" if resolved else ""), time)
    result = made.result
    result.command_id, result.attempt = key
    result.grant_id = grant_id
    result.outcome = OUTCOMES[outcome]
    result.retcode = retcode
    result.error_code = error_code
    result.order_ticket = order_ticket
    result.deal_ticket = deal_ticket
    result.volume = decimal_text(volume) if volume else ""
    result.price = decimal_text(price) if price else ""
    result.reason = reason
    result.detail = detail[:_DETAIL_MAX]
    if sent is not None:
        result.send_time.FromDatetime(sent)
    if returned is not None:
        result.return_time.FromDatetime(returned)
    return made


def deal_event(
    deal: DealView, time: datetime, *, broker_offset: timedelta | None
) -> execution_pb2.Event:
    name = f"deal:{deal.ticket}:canceled" if deal.is_canceled else f"deal:{deal.ticket}"
    made = event(name, time)
    told = made.deal
    told.ticket = deal.ticket
    told.order_ticket = deal.order
    told.position_id = deal.position_id
    told.magic = deal.magic
    told.type = deal.type
    if deal.type in (DealType.BUY, DealType.SELL):
        told.entry = _ENTRIES.get(deal.entry, execution_pb2.DEAL_ENTRY_UNSPECIFIED)
    told.reason = deal.reason
    told.symbol = deal.symbol
    told.volume = decimal_text(deal.volume)
    told.price = decimal_text(deal.price)
    told.profit = decimal_text(deal.profit)
    told.commission = decimal_text(deal.commission)
    told.swap = decimal_text(deal.swap)
    told.fee = decimal_text(deal.fee)
    told.broker_time_ms = deal.broker_time_ms
    if broker_offset is not None:
        told.broker_utc_offset.FromTimedelta(broker_offset)
    told.comment = deal.comment[:_COMMENT_MAX]
    return made


def order_event(order: OrderView, time: datetime, *, final: bool) -> execution_pb2.Event:
    current = decimal_text(order.volume_current)
    made = event(f"order:{order.ticket}:{order.state}:{current}", time)
    told = made.order
    told.ticket = order.ticket
    told.magic = order.magic
    told.symbol = order.symbol
    told.state = order.state
    told.type = order.type
    told.volume_initial = decimal_text(order.volume_initial)
    told.volume_current = current
    told.position_id = order.position_id
    told.final = final
    return made


def snapshot_event(
    account: AccountView,
    terminal: TerminalView,
    positions: Sequence[PositionView],
    time: datetime,
    *,
    revision: int,
) -> execution_pb2.Event:
    made = event(f"snapshot:{revision}", time)
    told = made.snapshot
    told.revision = revision
    told.balance = decimal_text(account.balance)
    told.equity = decimal_text(account.equity)
    told.credit = decimal_text(account.credit)
    told.margin = decimal_text(account.margin)
    told.margin_free = decimal_text(account.margin_free)
    told.connected = terminal.connected
    # The contract has no word for a symbol with a space in its name; its trades are not ours.
    tellable = (position for position in positions if is_tellable_name(position.symbol))
    told.positions.extend(position_message(position) for position in tellable)
    return made


def position_message(position: PositionView) -> execution_pb2.Position:
    return execution_pb2.Position(
        ticket=position.ticket,
        identifier=position.identifier,
        magic=position.magic,
        symbol=position.symbol,
        side=SIDES[position.side],
        volume=decimal_text(position.volume),
        price_open=decimal_text(position.price_open),
        price_current=decimal_text(position.price_current),
        stop_loss=decimal_text(position.stop_loss) if position.stop_loss else "",
        take_profit=decimal_text(position.take_profit) if position.take_profit else "",
        profit=decimal_text(position.profit),
        swap=decimal_text(position.swap),
        broker_time_ms=position.broker_time_ms,
        comment=position.comment[:_COMMENT_MAX],
    )


def symbols_event(
    symbols: Sequence[SymbolView], ticks: Sequence[TickView], time: datetime
) -> execution_pb2.Event:
    """Return what the broker says of symbols. `ticks` are empty, or of the same symbols."""
    report = execution_pb2.SymbolReport(symbols=map(symbol_message, symbols))
    for tick in ticks:
        quote = report.quotes.add(
            symbol=tick.symbol, bid=decimal_text(tick.bid), ask=decimal_text(tick.ask)
        )
        quote.quote_time.FromDatetime(time)
    digest = sha256(report.SerializeToString(deterministic=True)).hexdigest()
    made = event(f"symbols:{digest}", time)
    made.symbols.CopyFrom(report)
    return made


def is_tellable(symbol: SymbolView) -> bool:
    """Whether the contract can say what the broker says of a symbol."""
    sizes = (symbol.contract_size, symbol.tick_size, symbol.point)
    volumes = (symbol.volume_min, symbol.volume_max, symbol.volume_step)
    return all(value > 0 for value in (*sizes, *volumes)) and is_tellable_name(symbol.name)


def is_tellable_name(symbol: str) -> bool:
    return _SYMBOL.fullmatch(symbol) is not None


def symbol_message(symbol: SymbolView) -> values_pb2.SymbolProperties:
    return values_pb2.SymbolProperties(
        symbol=symbol.name,
        digits=symbol.digits,
        contract_size=decimal_text(symbol.contract_size),
        tick_size=decimal_text(symbol.tick_size),
        tick_value=decimal_text(symbol.tick_value),
        volume_min=decimal_text(symbol.volume_min),
        volume_max=decimal_text(symbol.volume_max),
        volume_step=decimal_text(symbol.volume_step),
        currency_base=symbol.currency_base,
        currency_profit=symbol.currency_profit,
        pip_size=decimal_text(symbol.pip_size),
        margin_per_lot=decimal_text(symbol.margin_per_lot) if symbol.margin_per_lot else "",
    )


def anomaly_event(
    kind: str, detail: str, time: datetime, *, anomaly_id: str, command_id: str = ""
) -> execution_pb2.Event:
    made = event(f"anomaly:{anomaly_id}", time)
    made.anomaly.kind = kind
    made.anomaly.detail = detail
    made.anomaly.command_id = command_id
    return made


def health_message(
    terminal: TerminalView | None, *, account_trade_allowed: bool
) -> devices_pb2.TerminalHealth:
    """Return what the terminal says of itself; None: it cannot be reached."""
    if terminal is None:
        return devices_pb2.TerminalHealth()
    return devices_pb2.TerminalHealth(
        connected=terminal.connected,
        trade_allowed=terminal.trade_allowed,
        account_trade_allowed=account_trade_allowed,
        api_disabled=terminal.api_disabled,
        build=terminal.build,
        ping_last_us=terminal.ping_last_us,
    )


def fingerprint_message(
    *, login: int, server: str, currency: str, margin_mode: MarginMode
) -> values_pb2.AccountFingerprint:
    return values_pb2.AccountFingerprint(
        login=login, server=server, currency=currency, margin_mode=_MARGIN_MODES[margin_mode]
    )
