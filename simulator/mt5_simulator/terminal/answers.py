"""How a terminal answers each call of the package, from what it sees."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.case import is_sane
from mt5_simulator.broker.codes import OrderType, Retcode, Side
from mt5_simulator.broker.money import RoundTrip
from mt5_simulator.broker.records import Deal, Order, Position
from mt5_simulator.broker.valuation import (
    NoRate,
    floating_profit,
    margin_in_account,
    profit_in_account,
)
from mt5_simulator.face import constants
from mt5_simulator.face.links import Reply
from mt5_simulator.terminal import rows
from mt5_simulator.terminal.faults import FaultKind
from mt5_simulator.terminal.groups import matches
from mt5_simulator.terminal.history_answers import HISTORY_ANSWERS
from mt5_simulator.terminal.sending import (
    API_DISABLED,
    CALL_FAILED,
    UNANSWERED,
    UNSENT,
    parsed,
    send,
)
from mt5_simulator.terminal.symbol_answers import SYMBOL_ANSWERS
from mt5_simulator.terminal.terminal import Terminal

Details = dict[str, Any]
Answerer = Callable[[Terminal, Details], Reply]

AUTHORIZATION_FAILED = (constants.RES_E_AUTH_FAILED, "Terminal: Authorization failed")
CONNECTING = frozenset({"initialize", "login"})
CONNECT_TIMED_OUT = (constants.RES_E_INTERNAL_FAIL_TIMEOUT, "IPC timeout")
INVALID_PARAMS = (constants.RES_E_INVALID_PARAMS, "Terminal: Invalid params")


def answer(terminal: Terminal, call: str, details: Details) -> Reply:
    """Answer one call at the present moment, faults included. Raises KeyError for an unknown."""
    terminal.advance()
    fault = terminal.faults.strike(call) if call != "order_send" else None
    if fault is None:
        return ANSWERS[call](terminal, details)
    if fault.kind is FaultKind.NO_ANSWER and call in CONNECTING:
        return Reply(None, CONNECT_TIMED_OUT)
    error = (UNSENT | UNANSWERED)[fault.kind]
    if fault.kind is FaultKind.OUT_OF_STEP:
        terminal.pipe_error = error
    # What it would have answered is not told late: by then it need not be true, or of this account.
    return Reply(None, error, fault.wait_seconds)


def initialize(terminal: Terminal, details: Details) -> Reply:
    """Connect, and log in when an account is named. Any login clears a pipe out of step."""
    terminal.pipe_error = None
    return login(terminal, details) if "login" in details else Reply(value=True)


def login(terminal: Terminal, details: Details) -> Reply:
    """Switch to the account if it exists, its server is meant and the password is one of its two.

    Without a password the terminal uses the one it has saved, as the real one does.
    """
    account = terminal.broker.accounts.get(details["login"])
    if account is None:
        return Reply(None, AUTHORIZATION_FAILED)
    terms = account.terms
    if details.get("server", terms.server) != terms.server:
        return Reply(None, AUTHORIZATION_FAILED)
    password = details.get("password", terms.password)
    if password not in {terms.password, terms.investor_password}:
        return Reply(None, AUTHORIZATION_FAILED)
    terminal.log_in(terms.login, as_investor=password != terms.password)
    return Reply(value=True)


def version(terminal: Terminal, _: Details) -> Reply:
    profile = terminal.profile
    return Reply([profile.version, profile.build, profile.released])


def account_info(terminal: Terminal, _: Details) -> Reply:
    terms = terminal.account.terms
    worth = terminal.worth(terminal.broker.now)
    return Reply(rows.account_row(terms, worth, trade_allowed=terminal.may_trade))


def terminal_info(terminal: Terminal, _: Details) -> Reply:
    profile, faults = terminal.profile, terminal.faults
    return Reply(
        [
            False,
            False,
            terminal.is_connected,
            False,
            faults.state(FaultKind.AUTOTRADING_OFF) is None,
            faults.state(FaultKind.API_DISABLED) is not None,
            False,
            False,
            False,
            "",
            profile.build,
            100_000,
            0,
            1_000,
            0.0,
            0.0,
            profile.company,
            profile.name,
            "English",
            profile.path,
            profile.path,
            profile.path,
        ]
    )


def orders_total(terminal: Terminal, _: Details) -> Reply:
    return Reply(len(terminal.seen(terminal.broker.now).orders))


def orders_get(terminal: Terminal, details: Details) -> Reply:
    orders = terminal.seen(terminal.broker.now).orders
    market = terminal.market
    return Reply([rows.order_row(market, order) for order in orders if _wanted(order, details)])


def positions_total(terminal: Terminal, _: Details) -> Reply:
    return Reply(len(terminal.seen_positions(terminal.broker.now)))


def positions_get(terminal: Terminal, details: Details) -> Reply:
    market = terminal.market
    return Reply(
        [
            rows.position_row(market, position, floating_profit(terminal.account, market, position))
            for position in terminal.seen_positions(terminal.broker.now)
            if _wanted(position, details)
        ]
    )


def history_orders(terminal: Terminal, details: Details) -> list[Order]:
    orders, _ = terminal.seen_history(terminal.broker.now)
    return [
        order
        for order in orders
        if _wanted(order, details) and _in_range(terminal, order.set_up_at, details)
    ]


def history_deals(terminal: Terminal, details: Details) -> list[Deal]:
    _, deals = terminal.seen_history(terminal.broker.now)
    return [
        deal for deal in deals if _wanted(deal, details) and _in_range(terminal, deal.time, details)
    ]


def history_orders_get(terminal: Terminal, details: Details) -> Reply:
    market = terminal.market
    return Reply([rows.order_row(market, order) for order in history_orders(terminal, details)])


def history_deals_get(terminal: Terminal, details: Details) -> Reply:
    market = terminal.market
    return Reply([rows.deal_row(market, deal) for deal in history_deals(terminal, details)])


def history_orders_total(terminal: Terminal, details: Details) -> Reply:
    return Reply(len(history_orders(terminal, details)))


def history_deals_total(terminal: Terminal, details: Details) -> Reply:
    return Reply(len(history_deals(terminal, details)))


def order_send(terminal: Terminal, details: Details) -> Reply:
    """Send a request the way the terminal's switches and faults let it go."""
    faults = terminal.faults
    if faults.state(FaultKind.API_DISABLED) is not None:
        return Reply(None, API_DISABLED)
    refused = _refused_by_terminal(terminal)
    if refused is not None:
        return Reply(_bare_send(refused, details))
    broker = terminal.broker
    before = terminal.seen_positions(broker.now)
    sent = send(broker, terminal.login, parsed(details), terminal.next_send_fault())
    if sent.hides_deals_of:
        terminal.hide_deals(sent.hides_deals_of, broker.now + sent.hides_for, before)
    if sent.puts_out_of_step:
        terminal.pipe_error = sent.error
    if sent.answer is None:
        return Reply(None, sent.error or CALL_FAILED, sent.wait_seconds)
    terminal.request_id += 1
    return Reply(rows.send_row(sent.answer, terminal.request_id, details))


def order_check(terminal: Terminal, details: Details) -> Reply:
    """Return how the account would stand. The money is that before the request."""
    refused = _refused_by_terminal(terminal)
    code = refused or terminal.broker.check(terminal.login, parsed(details))
    worth = terminal.worth(terminal.broker.now)
    margin = worth.margin + _margin_of_request(terminal, details)
    money = (worth.balance, worth.equity, worth.profit, margin, worth.equity - margin)
    level = worth.equity / margin * 100 if margin else Decimal(0)
    return Reply([int(code), *map(float, money), float(level), code.text, list(details.values())])


def order_calc_margin(terminal: Terminal, details: Details) -> Reply:
    symbol = terminal.market.symbols.get(details["symbol"])
    numbers = _decimals(details, "volume", "price")
    if symbol is None or numbers is None or details["action"] not in {*Side}:
        return Reply(None, INVALID_PARAMS)
    try:
        margin = margin_in_account(
            terminal.account,
            terminal.market,
            symbol,
            volume=numbers["volume"],
            price=numbers["price"],
        )
    except NoRate:
        return Reply(None, CALL_FAILED)
    return Reply(float(margin))


def order_calc_profit(terminal: Terminal, details: Details) -> Reply:
    symbol = terminal.market.symbols.get(details["symbol"])
    numbers = _decimals(details, "volume", "price_open", "price_close")
    if symbol is None or numbers is None or details["action"] not in {*Side}:
        return Reply(None, INVALID_PARAMS)
    trip = RoundTrip(
        Side(details["action"]),
        numbers["volume"],
        numbers["price_open"],
        numbers["price_close"],
    )
    try:
        profit = profit_in_account(terminal.account, terminal.market, symbol, trip)
    except NoRate:
        return Reply(None, CALL_FAILED)
    return Reply(float(profit))


def _decimals(details: Details, *names: str) -> dict[str, Decimal] | None:
    numbers = {name: Decimal(repr(details[name])) for name in names}
    return numbers if all(is_sane(number) for number in numbers.values()) else None


def _margin_of_request(terminal: Terminal, details: Details) -> Decimal:
    """Return what an opening request would add to the margin, were nothing else open."""
    request, market = parsed(details), terminal.market
    symbol, quote = market.symbols.get(request.symbol), market.quotes.get(request.symbol)
    if symbol is None or quote is None or request.position:
        return Decimal(0)
    if not request.volume.is_finite() or request.volume > symbol.volume_max:
        return Decimal(0)  # refused for its volume
    is_buy = request.type in {*OrderType} and OrderType(request.type).side is Side.BUY
    try:
        return margin_in_account(
            terminal.account,
            market,
            symbol,
            volume=request.volume,
            price=quote.ask if is_buy else quote.bid,
        )
    except NoRate:
        return Decimal(0)


def _refused_by_terminal(terminal: Terminal) -> Retcode | None:
    if terminal.faults.state(FaultKind.AUTOTRADING_OFF) is not None:
        return Retcode.CLIENT_DISABLES_AT
    if not terminal.is_connected:
        return Retcode.CONNECTION
    if not terminal.may_trade:
        return Retcode.TRADE_DISABLED
    return None


def _bare_send(code: Retcode, details: Details) -> list[Any]:
    return [int(code), 0, 0, 0.0, 0.0, 0.0, 0.0, code.text, 0, 0, list(details.values())]


def _wanted(record: Order | Deal | Position, details: Details) -> bool:
    """Whether a record passes the filters of a call."""
    if "symbol" in details and record.symbol != details["symbol"]:
        return False
    if "group" in details and not matches(details["group"], record.symbol):
        return False
    if "ticket" in details:
        # A deal is asked for by its order's ticket, everything else by its own.
        ticket = record.order if isinstance(record, Deal) else record.ticket
        return ticket == details["ticket"]
    if "position" in details:
        position = record.identifier if isinstance(record, Position) else record.position_id
        return position == details["position"]
    return True


def _in_range(terminal: Terminal, moment: datetime, details: Details) -> bool:
    """Whether a moment falls in the asked range of server time. Both ends belong to it."""
    if "from" not in details:
        return True
    at = rows.milliseconds(terminal.market, moment) / 1000
    return details["from"] <= at <= details["to"]


ANSWERS: Mapping[str, Answerer] = (
    {
        function.__name__: function
        for function in (
            initialize,
            login,
            version,
            account_info,
            terminal_info,
            orders_total,
            orders_get,
            positions_total,
            positions_get,
            history_orders_total,
            history_orders_get,
            history_deals_total,
            history_deals_get,
            order_send,
            order_check,
            order_calc_margin,
            order_calc_profit,
        )
    }
    | SYMBOL_ANSWERS
    | HISTORY_ANSWERS
)
