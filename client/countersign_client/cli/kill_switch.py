"""Switches that stop trading at once."""

from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.screen import print_facts, print_json, say
from countersign_client.cli.session import ask, show_all
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_SWITCH = (
    column("switch", "kill_switch_id"),
    column("producer", "producer_id"),
    column("state", "state"),
    column("reason", "reason"),
    column("by", "actor"),
    column("since", "create_time"),
)

app = typer.Typer(help="Switches that stop trading at once.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="Why; kept for ever.")]


class Held(StrEnum):
    """What a switch leaves of trading."""

    CLOSE_ONLY = "close-only"
    HALTED = "halted"
    FLATTENING = "flattening"


@app.callback()
def group() -> None:
    """Switches that stop trading at once."""


@command(app)
def pull(
    state: Annotated[
        Held, typer.Argument(help="halted sends nothing; flattening closes everything first.")
    ],
    *,
    account: Annotated[str, typer.Option(help="Stop this account.")] = "",
    producer: Annotated[str, typer.Option(help="Stop this producer.")] = "",
    everything: Annotated[
        bool, typer.Option("--everything", help="All your accounts; an operator: all there are.")
    ] = False,
    reason: Reason,
) -> None:
    """Stop trading for an account, a producer, or everything."""
    if sum((bool(account), bool(producer), everything)) != 1:
        raise invalid_value("give one of --account, --producer, --everything", field="target")
    request = v1.PullKillSwitchRequest(state=value_of(v1.TradingState, state), reason=reason)
    if account:
        request.account_id = account
    elif producer:
        request.producer_id = producer
    else:
        request.everything = True
    answer = ask(lambda client: client.guards.pull_kill_switch(request))
    if current().json:
        print_json(message_json(answer))
        return
    if answer.kill_switch.kill_switch_id:
        print_facts(answer.kill_switch, _SWITCH)
    if account or everything:
        say(f"{answer.accounts} account(s) stopped")


@command(app, "list")
def list_() -> None:
    """List the switches that hold. That of one account is part of its guard."""
    request = v1.ListKillSwitchesRequest()
    found = ask(lambda client: client.guards.list_kill_switches(request)).kill_switches
    show_all(found, _SWITCH, nothing="no switch holds")


@command(app)
def release(
    kill_switch_id: Annotated[str, typer.Argument(help="UUID, from `list`.")], *, reason: Reason
) -> None:
    """Release a switch. What guards hold besides stays as it is."""
    request = v1.ReleaseKillSwitchRequest(kill_switch_id=kill_switch_id, reason=reason)
    answer = ask(lambda client: client.guards.release_kill_switch(request))
    if current().json:
        print_json(message_json(answer))
    else:
        say("released")
