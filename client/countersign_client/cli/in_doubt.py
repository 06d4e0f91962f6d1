"""Commands of which nobody knows whether they traded. They are looked up, never sent again."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.moments import time_text
from countersign_client.cli.screen import print_facts, print_json, remark, say
from countersign_client.cli.session import ask, gather, show_all
from countersign_client.cli.status import COMMAND
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

app = typer.Typer(help="Commands of which nobody knows whether they traded.", no_args_is_help=True)

DOUBT = (*COMMAND, column("settled as", "settled_as"), column("settled", "settle_time"))

CommandId = Annotated[str, typer.Argument(help="UUID of the command, from `in-doubt list`.")]


class Choice(StrEnum):
    """What a person may say of a command in doubt."""

    NOT_EXECUTED = "not-executed"
    EXECUTED = "executed"
    CLOSE_EXPOSURE = "close-exposure"


@app.callback()
def group() -> None:
    """Commands of which nobody knows whether they traded."""


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List commands in doubt that nobody has settled, the oldest first."""
    commands = ask(
        lambda client: gather(
            client.execution.list_in_doubt,
            v1.ListInDoubtRequest(),
            lambda page: page.commands,
            limit,
        )
    )
    show_all(commands, COMMAND, nothing="nothing is in doubt")


@command(app, "show")
def show_(command_id: CommandId) -> None:
    """Show what was sent and when, and what the terminal shows by its tag."""
    known = _evidence(command_id)
    if current().json:
        print_json(message_json(known))
    else:
        _print_evidence(known)


@command(app)
def settle(  # noqa: PLR0913  # what a person says, by name
    command_id: CommandId,
    *,
    settlement: Annotated[Choice, typer.Option("--as", help="What holds.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
    ticket: Annotated[
        int, typer.Option(min=0, help="The deal or position that shows it was executed.")
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    token: Annotated[
        str, typer.Option(help="Confirms: from the answer to the same command without it.")
    ] = "",
) -> None:
    """Settle a command in doubt, or close what it may have opened; it asks twice.

    In a script: with --yes alone it answers the plan and a token, and does nothing; with --yes and
    that --token it does it.
    """
    request = v1.SettleInDoubtRequest(
        command_id=command_id,
        settlement=value_of(v1.Settlement, settlement),
        ticket=ticket,
        reason=reason,
        confirmation_token=token,
    )
    if not yes:
        _confirm_first(command_id)
    answer = ask(lambda client: client.execution.settle_in_doubt(request))
    if answer.confirmation_token and not yes:
        remark(answer.plan)
        typer.confirm("Do this?", abort=True, err=True)
        request.confirmation_token = answer.confirmation_token
        answer = ask(lambda client: client.execution.settle_in_doubt(request))
    _show_answer(answer)


def _confirm_first(command_id: str) -> None:
    if not sys.stdin.isatty():
        raise invalid_value("there is nobody to ask: add --yes, twice, with --token", field="yes")
    remark(_evidence(command_id).summary)
    typer.confirm("Have you looked at the terminal yourself?", abort=True, err=True)


def _show_answer(answer: v1.SettleInDoubtResponse) -> None:
    if current().json:
        print_json(message_json(answer))
        return
    print_facts(answer.command, DOUBT)
    say(f"\n{answer.plan}")
    if answer.close_command_id:
        say(f"The close is command {answer.close_command_id}.")
    if answer.confirmation_token:
        say(f"Nothing is done yet: repeat it with --token {answer.confirmation_token}")


def _evidence(command_id: str) -> v1.GetEvidenceResponse:
    request = v1.GetEvidenceRequest(command_id=command_id)
    return ask(lambda client: client.execution.get_evidence(request))


def _print_evidence(known: v1.GetEvidenceResponse) -> None:
    print_facts(known.command, DOUBT)
    say(f"\n{known.summary}")
    for order in known.orders:
        say(f"  order {order.ticket}: {order.volume_initial} lots, {order.volume_current} left")
    for deal in known.command.deals:
        say(f"  deal {deal.ticket}: {deal.volume} lots of {deal.symbol} at {deal.price}")
    for position in known.positions:
        opened = f"{position.volume} lots of {position.symbol} at {position.price_open}"
        say(f"  position {position.ticket}: {opened}, read {time_text(known.snapshot_time)}")
