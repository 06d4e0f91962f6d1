"""The commands that look at a served terminal or change it, one control operation each."""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mt5_simulator.broker.codes import DealType
from mt5_simulator.command.tables import (
    account_records,
    account_table,
    deal_records,
    deal_table,
    order_records,
    order_table,
    position_records,
    position_table,
)
from mt5_simulator.face.session import ADDRESS_VARIABLE
from mt5_simulator.served.controls import BROKER, VIEWS
from mt5_simulator.terminal.faults import Executes, FaultKind

Options = argparse.Namespace


def _indented(value: object) -> str:
    return json.dumps(value, indent=2)


def _nothing(_: Options) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Question:
    """One command: the operation it asks for, with what, and how the answer is shown."""

    operation: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None
    details: Callable[[Options], dict[str, Any]] = _nothing
    shown: Callable[[Any], str] = _indented
    told: Callable[[Any], Any] = lambda value: value  # what --json prints


def _fault_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=[kind.value for kind in FaultKind])
    parser.add_argument("--count", type=int, default=1, help="0: until cleared")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--executes", choices=[how.value for how in Executes], default="now")
    parser.add_argument("--retcode", type=int, default=0)
    parser.add_argument("--call", default="order_send", help="the function it strikes")
    parser.add_argument("--text", default="")


def _fault_details(options: Options) -> dict[str, Any]:
    names = ("kind", "count", "seconds", "executes", "retcode", "call", "text")
    return {name: getattr(options, name) for name in names}


def _clear_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", choices=[kind.value for kind in FaultKind])


def _price_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol")
    parser.add_argument("bid", nargs="?")
    parser.add_argument("ask", nargs="?")
    parser.add_argument("--resume", action="store_true", help="let the feed move it again")


def _price_details(options: Options) -> dict[str, Any]:
    if not options.resume and options.ask is None:
        raise ValueError("price needs a bid and an ask, or --resume")
    names = ("symbol", "bid", "ask", "resume")
    return {name: getattr(options, name) for name in names}


def _named(*names: str) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        for name in names:
            parser.add_argument(name)

    return add


def _taken(*names: str) -> Callable[[Options], dict[str, Any]]:
    return lambda options: {name: getattr(options, name) for name in names}


def _restart_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("history_empty_for", nargs="?", metavar="SECONDS")
    parser.add_argument("--breaks-pipe", action="store_true", help="until the next initialize")


def _transfer_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("amount", help="negative takes money away")
    kinds = [kind.name.lower() for kind in DealType if kind not in {DealType.BUY, DealType.SELL}]
    parser.add_argument("--kind", choices=kinds, default="balance")
    parser.add_argument("--comment", default="")


def _one(name: str) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(name, nargs="?")

    return add


def _liquidity_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol")
    parser.add_argument("levels", nargs="?", help='lots at points worse, such as "0.01@0 0.02@3"')


def _books_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--view",
        choices=VIEWS,
        default=BROKER,
        help="all that the broker knows (the default), or what the terminal shows of it",
    )


def _books(help_: str, shown: Callable[[Any], str], told: Callable[[Any], Any]) -> Question:
    return Question("books", help_, _books_options, _taken("view"), shown, told)


ASKING: Mapping[str, Question] = {
    "truth": Question("truth", "show everything the broker knows"),
    "accounts": _books("list the accounts", account_table, account_records),
    "positions": _books("list the open positions", position_table, position_records),
    "orders": _books("list the orders that wait", order_table, order_records),
    "deals": _books("list the deals", deal_table, deal_records),
    "fault": Question("fault", "make something go wrong", _fault_options, _fault_details),
    "clear": Question(
        "clear", "end one kind of fault, or all and the weather", _clear_options, _taken("kind")
    ),
    "faults": Question("faults", "list the faults that are set"),
    "price": Question("price", "set a price by hand", _price_options, _price_details),
    "liquidity": Question(
        "liquidity", "set what the market holds", _liquidity_options, _taken("symbol", "levels")
    ),
    "transfer": Question(
        "transfer", "book money", _transfer_options, _taken("amount", "kind", "comment")
    ),
    "close": Question(
        "close", "close a position by another hand", _named("ticket"), _taken("ticket")
    ),
    "reopen": Question(
        "reopen", "give a position a new ticket", _named("ticket"), _taken("ticket")
    ),
    "switch": Question("switch", "log in to another account", _named("login"), _taken("login")),
    "restart": Question(
        "restart",
        "restart the terminal with an empty history for a while",
        _restart_options,
        _taken("history_empty_for", "breaks_pipe"),
    ),
    "rehearse": Question(
        "rehearse", "set off a failure by name, or list them", _one("name"), _taken("name")
    ),
    "weather": Question(
        "weather", "draw faults from a seed, or stop", _one("seed"), _taken("seed")
    ),
    "advance": Question("advance", "move a virtual clock", _named("seconds"), _taken("seconds")),
}


def add_asking(commands: Any) -> None:  # noqa: ANN401  # argparse does not name the type
    """Describe the options of every command that asks a served terminal."""
    for name, question in ASKING.items():
        parser = commands.add_parser(name, help=question.help)
        served_at = os.environ.get(ADDRESS_VARIABLE)
        parser.add_argument(
            "--at",
            default=served_at,
            required=served_at is None,
            help=f"where the terminal is served; {ADDRESS_VARIABLE} where it is left out",
        )
        parser.add_argument("--json", action="store_true", help="one line of JSON")
        question.add_options(parser)
