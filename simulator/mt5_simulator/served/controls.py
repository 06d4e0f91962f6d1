"""The control surface: what a test or a demo does to a broker and a terminal from outside."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.codes import DealType, Reason
from mt5_simulator.broker.levels import parsed_levels
from mt5_simulator.broker.records import Request
from mt5_simulator.clock import VirtualClock
from mt5_simulator.exact import exact
from mt5_simulator.plain import from_plain, to_plain
from mt5_simulator.served.books import truth
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.rehearsals import REHEARSALS
from mt5_simulator.terminal.terminal import Terminal
from mt5_simulator.terminal.weather import STORM, Weather

Details = dict[str, Any]

VIEWS = BROKER, TERMINAL = ("broker", "terminal")
"""Whose books are shown: what the broker knows, or what the terminal sees of it."""

ADVANCE_SECONDS_MAX = 366 * 24 * 3600.0
"""How far a virtual clock moves at once."""


class Impossible(ValueError):
    """A control operation that cannot be done as asked: which field, why, and what to do."""


def carry_out(terminal: Terminal, operation: str, details: Details) -> Any:  # noqa: ANN401
    """Do one control operation and return its plain result. Raises Impossible."""
    handler = OPERATIONS.get(operation)
    if handler is None:
        raise Impossible(f"operation {operation!r} is not one of {', '.join(sorted(OPERATIONS))}")
    with terminal.lock:
        terminal.advance()
        try:
            return to_plain(handler(terminal, details))
        except KeyError as error:
            raise Impossible(f"{operation}: there is no {error}; see `truth`") from error
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise Impossible(f"{operation}: {error}") from error


def _number(details: Details, name: str) -> Decimal:
    """Return a number a caller gave, as text or not. Raises ValueError that names it."""
    return exact(details[name], name)


def _whole(details: Details, name: str) -> int:
    number = _number(details, name)
    if number != number.to_integral_value():
        raise ValueError(f"{name} must be a whole number, not {number}")
    return int(number)


def show_truth(terminal: Terminal, _: Details) -> object:
    return truth(terminal.broker)


def show_books(terminal: Terminal, details: Details) -> object:
    """Return the accounts' books: all of the broker's, or the one this terminal shows."""
    view = details.get("view", BROKER)
    if view not in VIEWS:
        raise Impossible(f"books: view must be {' or '.join(VIEWS)}, not {view!r}")
    shown = terminal.broker.accounts
    if view == TERMINAL:
        shown = {terminal.login: terminal.seen_account(terminal.broker.now)}
    return {"view": view, "accounts": shown}


def set_fault(terminal: Terminal, details: Details) -> object:
    terminal.set_fault(from_plain(Fault, details))
    return list(terminal.faults)


def clear_faults(terminal: Terminal, details: Details) -> object:
    kind = details.get("kind")
    terminal.clear_faults(None if kind is None else FaultKind(kind))
    return list(terminal.faults)


def list_faults(terminal: Terminal, _: Details) -> object:
    return list(terminal.faults)


def set_price(terminal: Terminal, details: Details) -> object:
    """Set a price by hand, or let the feed go on with `resume`."""
    broker, symbol = terminal.broker, details["symbol"]
    if details.get("resume"):
        broker.market.resume(broker.market.symbols[symbol].name, broker.now)
    else:
        broker.set_price(symbol, _number(details, "bid"), _number(details, "ask"))
    return broker.market.quotes[symbol]


def set_liquidity(terminal: Terminal, details: Details) -> object:
    """Set what the market holds, as "0.01@0 0.02@3"; without `levels` it holds everything."""
    levels = details.get("levels")
    symbol = terminal.broker.market.symbols[details["symbol"]].name
    terminal.broker.market.set_liquidity(symbol, None if levels is None else parsed_levels(levels))
    return None


def change_symbol(terminal: Terminal, details: Details) -> object:
    """Change a symbol's properties: `changes` maps their names to new plain values."""
    broker, name = terminal.broker, details["symbol"]
    symbol = broker.market.symbols[name]
    changed = {**to_plain(symbol), **details["changes"]}
    broker.change_symbol(name, from_plain(type(symbol), changed))
    return None


def transfer(terminal: Terminal, details: Details) -> object:
    kind = DealType[details.get("kind", "BALANCE").upper()]
    login = details.get("login", terminal.login)
    comment = details.get("comment", "")
    amount = _number(details, "amount")
    return terminal.broker.transfer(login, amount, kind=kind, comment=comment)


def close_position(terminal: Terminal, details: Details) -> object:
    """Close a position as somebody else would: by phone unless `reason` says otherwise."""
    login = details.get("login", terminal.login)
    reason = Reason[details.get("reason", "MOBILE").upper()]
    return terminal.broker.close_position(login, _whole(details, "ticket"), reason)


def reopen_position(terminal: Terminal, details: Details) -> object:
    login = details.get("login", terminal.login)
    return terminal.broker.reopen_position(login, _whole(details, "ticket"))


def change_terms(terminal: Terminal, details: Details) -> object:
    """Change an account's terms: `changes` maps their names to new plain values."""
    account = terminal.broker.accounts[int(details.get("login", terminal.login))]
    changed = {**to_plain(account.terms), **details["changes"]}
    if changed["login"] != account.terms.login:
        raise Impossible("terms: login cannot change; `switch` logs in to another account")
    terminal.broker.change_terms(from_plain(Terms, changed))
    return account.terms


def send_by_other_hand(terminal: Terminal, details: Details) -> object:
    """Send a request as a person with a phone would: past this terminal and its faults."""
    request = from_plain(Request, {"reason": Reason.MOBILE.value, **details["request"]})
    return terminal.broker.send(int(details.get("login", terminal.login)), request)


def switch_account(terminal: Terminal, details: Details) -> object:
    terminal.log_in(_whole(details, "login"), as_investor=bool(details.get("investor", False)))
    return terminal.login


def restart(terminal: Terminal, details: Details) -> object:
    seconds = _number({"seconds": details.get("history_empty_for") or 0}, "seconds")
    terminal.restart(
        timedelta(seconds=float(seconds)),
        breaks_pipe=bool(details.get("breaks_pipe")),
    )
    return None


def rehearse(terminal: Terminal, details: Details) -> object:
    """Set off a failure by name; without a name, list them with what they show."""
    name = details.get("name")
    if name is None:
        return {known: rehearsal.shows for known, rehearsal in REHEARSALS.items()}
    if name not in REHEARSALS:
        raise ValueError(f"name must be one of {', '.join(REHEARSALS)}, not {name!r}")
    for operation, wanted in REHEARSALS[name].steps:
        OPERATIONS[operation](terminal, wanted)
    return REHEARSALS[name].shows


def set_weather(terminal: Terminal, details: Details) -> object:
    """Draw the faults of every send from a seed; without a seed the weather is fair again."""
    seed = details.get("seed")
    chances = details.get("chances", STORM)
    if seed is None:
        terminal.weather = None
    else:
        terminal.weather = Weather(
            _whole(details, "seed"),
            {FaultKind(kind): float(chance) for kind, chance in chances.items()},
        )
    return terminal.weather


def advance(terminal: Terminal, details: Details) -> object:
    """Move a virtual clock."""
    if not isinstance(terminal.clock, VirtualClock):
        raise Impossible("advance: the clock is the wall's; serve with --clock virtual")
    seconds = float(_number(details, "seconds"))
    if not 0.0 <= seconds <= ADVANCE_SECONDS_MAX:
        raise Impossible(
            f"advance: seconds must be between 0 and {ADVANCE_SECONDS_MAX:.0f}, not {seconds}"
        )
    terminal.clock.advance(timedelta(seconds=seconds))
    return terminal.advance()


READ_ONLY = frozenset({"truth", "books", "faults"})

OPERATIONS: Mapping[str, Callable[[Terminal, Details], object]] = {
    "truth": show_truth,
    "books": show_books,
    "fault": set_fault,
    "clear": clear_faults,
    "faults": list_faults,
    "price": set_price,
    "liquidity": set_liquidity,
    "symbol": change_symbol,
    "transfer": transfer,
    "close": close_position,
    "reopen": reopen_position,
    "terms": change_terms,
    "send": send_by_other_hand,
    "switch": switch_account,
    "restart": restart,
    "rehearse": rehearse,
    "weather": set_weather,
    "advance": advance,
}
