"""The mt5-simulator command: serve a terminal, look at it, and make things go wrong."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from mt5_simulator.command.asking import ASKING, add_asking
from mt5_simulator.command.serving import add_serve, serve
from mt5_simulator.command.statement import add_statement, statement
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.client import ControlRefused, control

FAILED, NOT_UNDERSTOOD = 1, 2


class _Parser(argparse.ArgumentParser):
    """Says what it does not understand in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(NOT_UNDERSTOOD, f"mt5-simulator: {message}; see '{self.prog} --help'\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = _Parser(
        prog="mt5-simulator", description="A simulated MetaTrader 5 terminal and broker."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_serve(commands)
    add_statement(commands)
    add_asking(commands)
    options = parser.parse_args(arguments)
    try:
        if options.command == "serve":
            return serve(options)
        if options.command == "statement":
            return statement(options)
        question = ASKING[options.command]
        address = parsed_address(options.at)
        value = control(address, question.operation, question.details(options))
    except (ControlRefused, OSError, ValueError) as error:
        print(f"mt5-simulator: {error}", file=sys.stderr)  # noqa: T201  # the command's own voice
        return FAILED
    text = json.dumps(question.told(value)) if options.json else question.shown(value)
    print(text)  # noqa: T201  # the command's own voice
    return 0
