"""Commands of which nobody knows whether they traded. They are looked up, never sent again."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.session import ask, gather, show_all
from countersign_client.cli.status import COMMAND
from countersign_client.wire.countersign import v1

app = typer.Typer(help="Commands of which nobody knows whether they traded.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Commands of which nobody knows whether they traded."""


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List commands in doubt, the oldest first."""
    commands = ask(
        lambda client: gather(
            client.execution.list_in_doubt,
            v1.ListInDoubtRequest(),
            lambda page: page.commands,
            limit,
        )
    )
    show_all(commands, COMMAND, nothing="nothing is in doubt")
