"""A request on its way from the terminal to the broker, faults included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.broker import Broker, Step
from mt5_simulator.broker.codes import Action, Retcode
from mt5_simulator.broker.levels import parsed_levels
from mt5_simulator.broker.records import Answer, Request
from mt5_simulator.face import constants
from mt5_simulator.terminal.faults import Executes, Fault, FaultKind

ErrorReply = tuple[int, str]

SEND_FAILED = (constants.RES_E_INTERNAL_FAIL_SEND, "IPC send failed")
REPLY_LOST = (constants.RES_E_INTERNAL_FAIL_RECEIVE, "IPC recv failed")
OUT_OF_STEP = (constants.RES_E_INTERNAL_FAIL, "Internal IPC error")
NO_CONNECTION = (constants.RES_E_INTERNAL_FAIL_CONNECT, "No IPC connection")
CALL_FAILED = (constants.RES_E_FAIL, "Terminal: Call failed")
API_DISABLED = (constants.RES_E_AUTO_TRADING_DISABLED, "Auto-trading disabled")

_NUMBERS = ("volume", "price", "stoplimit", "sl", "tp")


@dataclass(frozen=True, slots=True)
class Sent:
    """How a send ended for the terminal: an answer, or an error and perhaps a wait.

    `wait_seconds` is how long the program is kept waiting; None means for ever.
    """

    answer: Answer | None
    error: ErrorReply | None = None
    wait_seconds: float | None = 0.0
    hides_deals_of: int = 0  # the order whose deals the terminal shows late
    hides_for: timedelta = timedelta(0)
    puts_out_of_step: bool = False


def parsed(fields: Mapping[str, Any]) -> Request:
    """Return the request as the broker understands it: decimals, for floats.

    A server counts in units of 1e-8, so that 0.1 + 0.2 is three tenths of a lot and not a bit more.
    """
    numbers: dict[str, Any] = {name: Decimal(repr(round(fields[name], 8))) for name in _NUMBERS}
    return Request(**{**fields, **numbers})


def send(broker: Broker, login: int, request: Request, fault: Fault | None) -> Sent:
    """Pass a request to the broker the way `fault` makes it go."""
    if fault is None:
        return Sent(broker.send(login, request))
    if fault.kind in UNSENT:
        return Sent(None, UNSENT[fault.kind])
    if fault.kind in UNANSWERED:
        _carry_out(broker, login, request, fault)
        out_of_step = fault.kind is FaultKind.OUT_OF_STEP
        error = UNANSWERED[fault.kind]
        return Sent(None, error, fault.wait_seconds, puts_out_of_step=out_of_step)
    return _answered(broker, login, request, fault)


UNSENT = {
    FaultKind.SEND_FAILED: SEND_FAILED,
    FaultKind.NO_CONNECTION: NO_CONNECTION,
}
UNANSWERED = {
    FaultKind.REPLY_LOST: REPLY_LOST,
    FaultKind.OUT_OF_STEP: OUT_OF_STEP,
    FaultKind.HANG: REPLY_LOST,
    FaultKind.NO_ANSWER: CALL_FAILED,
}


def _carry_out(broker: Broker, login: int, request: Request, fault: Fault) -> None:
    if fault.executes is Executes.NOW:
        broker.send(login, request)
    elif fault.executes is Executes.LATER:
        broker.send_later(login, request, broker.now + fault.delay)


def _bare(broker: Broker, request: Request, fault: Fault, usual: Retcode) -> Answer:
    code = Retcode(fault.retcode) if fault.retcode else usual
    quote = broker.market.quotes.get(request.symbol)
    prices = (quote.bid, quote.ask) if quote else (Decimal(0), Decimal(0))
    return Answer(code, bid=prices[0], ask=prices[1], comment=code.text)


def _answered(broker: Broker, login: int, request: Request, fault: Fault) -> Sent:
    """Send a request the broker answers in its own way."""
    if fault.kind is FaultKind.DOUBTFUL:
        _carry_out(broker, login, request, fault)
        return Sent(_bare(broker, request, fault, Retcode.TIMEOUT))
    if fault.kind is FaultKind.REJECT:
        answer = _bare(broker, request, fault, Retcode.REQUOTE)
        broker.note_declined(login, request, answer)
        return Sent(answer)
    if fault.kind is FaultKind.PLACED:
        step = Step.CANCEL if fault.executes is Executes.NEVER else Step.FILL
        return Sent(broker.accept(login, request, broker.now + fault.delay, step))
    if fault.kind is FaultKind.DEAL_HIDDEN:
        answer = broker.send(login, request)
        return Sent(replace(answer, deal=0), hides_deals_of=answer.order, hides_for=fault.delay)
    if fault.kind is FaultKind.PARTIAL:
        return Sent(_partly(broker, login, request, fault.text))
    return Sent(broker.send(login, _altered(broker, login, request, fault)))


def _altered(broker: Broker, login: int, request: Request, fault: Fault) -> Request:
    """Return the request as the broker makes of it what nobody asked for."""
    if fault.kind is FaultKind.OVERFILL:
        symbol = broker.market.symbols.get(request.symbol)
        if symbol is not None and request.action == Action.DEAL:
            more = replace(request, volume=request.volume + symbol.volume_step)
            # Nobody is given more than there is: a hedged position to close, money, the maximum.
            return more if broker.check(login, more) is Retcode.ACCEPTABLE else request
    if fault.kind is FaultKind.COMMENT_REWRITTEN:
        return replace(request, comment=fault.text)
    return request


def _partly(broker: Broker, login: int, request: Request, levels: str) -> Answer:
    """Send while the market holds only `levels`, then let it be as deep as it was."""
    before = broker.market.liquidity.get(request.symbol)
    broker.market.set_liquidity(request.symbol, parsed_levels(levels))
    try:
        return broker.send(login, request)
    finally:
        broker.market.set_liquidity(request.symbol, before)
