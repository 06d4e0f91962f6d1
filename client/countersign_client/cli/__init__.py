"""The `countersign` command: everything a person or a script does with Countersign from a terminal.

It ends with 0 if it did what was asked, 1 on a fault of the server or of this program, 2 if it was
not understood, 3 if nobody is signed in, 4 if it was refused, 5 if the server is not available, 6
if nobody knows whether it was done, 130 if it was interrupted.
"""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from countersign_client.cli.commands import CommandGroup
from countersign_client.cli.failures import FAULT, NOT_UNDERSTOOD, exit_code_of, failure_of
from countersign_client.cli.screen import Failure, complain, remark
from countersign_client.errors import CountersignError

_HELP = """Sign signals, sign them off, and see what became of them.

Every command takes --json, --profile and --address. Settings: `countersign login` keeps them in
~/.config/countersign/config.toml; COUNTERSIGN_CONFIG, COUNTERSIGN_PROFILE, COUNTERSIGN_ADDRESS and
COUNTERSIGN_TOKEN go before it.

Exit codes: 0 done, 1 fault, 2 not understood, 3 not signed in, 4 refused, 5 not available,
6 nobody knows whether it was done. With --json, what went wrong is one line of JSON as well."""


# What typer raises for options and arguments that do not fit; it has no public name.
_NotUnderstood: Any = typer.BadParameter.__base__


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that `arguments` name, and exit. None: the process's own."""
    app = typer.Typer(
        cls=CommandGroup,
        help=_HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=True,
    )
    # A callback makes typer build a group although no command is registered yet.
    app.callback()(_root)
    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    try:
        sys.exit(app(args=given, prog_name="countersign", standalone_mode=False))
    except CountersignError as error:
        complain(failure_of(error), as_json=as_json)
        sys.exit(exit_code_of(error))
    except _NotUnderstood as error:
        _tell_what_was_not_understood(error, as_json=as_json)
        sys.exit(NOT_UNDERSTOOD)
    except typer.Abort:
        said_no = Failure("it was not agreed to", "NOT_CONFIRMED", "Nothing was done.", {})
        complain(said_no, as_json=as_json)
        sys.exit(FAULT)
    except KeyboardInterrupt:
        sys.exit(130)


def _tell_what_was_not_understood(error: Any, *, as_json: bool) -> None:  # noqa: ANN401  # it has no public name
    command = error.ctx.command_path if error.ctx else "countersign"
    asked = " ".join(error.format_message().replace(" Value error,", "").split())
    if error.ctx and error.message == error.ctx.get_help():
        if not as_json:
            # Nothing was asked for: what can be asked for is the answer.
            remark(error.message)
            return
        asked = f"{command} needs a command"
    complain(Failure(asked, "NOT_UNDERSTOOD", f"See '{command} --help'.", {}), as_json=as_json)


def _root() -> None: ...
