"""What stops trading: how far each limit is, what counts down, and a person's word to it."""

from typing import Annotated

import typer

from countersign_client.cli import guard_policy, kill_switch
from countersign_client.cli.guard_screen import CLOSING, print_guard, print_one, watch_guards
from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, words, words_column
from countersign_client.cli.moments import time_text
from countersign_client.cli.screen import print_json, print_table, remark, say
from countersign_client.cli.session import ask, gather, show_all
from countersign_client.client import Client
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_EVENT = (
    column("when", "event_time"),
    column("account", "account_id"),
    column("what", "act"),
    words_column("rule", "rule_id"),
    column("side", "side"),
    column("stood at", "standing.value"),
    column("limit at", "standing.floor"),
    column("state", "latch.state"),
    column("by", "latch.by"),
    column("reason", "latch.reason"),
)
_ALERT = (
    column("when", "create_time"),
    column("account", "account_id"),
    words_column("cause", "cause"),
    column("side", "side"),
    column("result", "result.amount"),
    column("currency", "result.currency"),
    column("over", "end_time"),
)

app = typer.Typer(help="What stops trading: limits, closings, kill switches.", no_args_is_help=True)
app.add_typer(guard_policy.app, name="policy")
app.add_typer(kill_switch.app, name="switch")

AccountId = Annotated[str, typer.Argument(help="UUID of the account; its guard goes by it.")]
OnlyAccount = Annotated[str, typer.Option("--account", help="Only this account.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]
Reason = Annotated[str, typer.Option(help="Why; kept for ever.")]


@app.callback()
def group() -> None:
    """Stop trading, see what would stop it, and let it go on."""


@command(app, "show")
def show_(*, account: OnlyAccount = "") -> None:
    """Show each account's state, the distance to each limit, and what counts down."""
    answer = ask(lambda client: client.guards.get_guards(_request(account)))
    if current().json:
        print_json(message_json(answer))
        return
    if not answer.guards:
        say("there is no account yet")
    for guard in answer.guards:
        print_guard(guard)
        say("")


@command(app)
def watch(*, account: OnlyAccount = "") -> None:
    """Show each guard whenever it changes, and count down to a closing, until interrupted."""
    remark("watching; end with Ctrl-C")
    ask(lambda client: watch_guards(client, account))


@command(app)
def events(*, account: OnlyAccount = "", limit: Limit = 50) -> None:
    """List what guards did, here and in bridges, newest first."""
    found = ask(
        lambda client: gather(
            client.guards.list_guard_events,
            v1.ListGuardEventsRequest(account_id=account),
            lambda page: page.events,
            limit,
        )
    )
    show_all(found, _EVENT, nothing="no guard has done anything")


@command(app)
def alerts(*, account: OnlyAccount = "", limit: Limit = 50) -> None:
    """List closings of everything, newest first: why, and what was lost."""
    found = ask(
        lambda client: gather(
            client.guards.list_drawdown_alerts,
            v1.ListDrawdownAlertsRequest(account_id=account),
            lambda page: page.alerts,
            limit,
        )
    )
    show_all(found, _ALERT, nothing="nothing was closed by a guard")
    if not current().json:
        for alert in found:
            say(f"\n{time_text(alert.create_time)}  {words(alert.cause)}")
            print_table(alert.closings, CLOSING, nothing="nothing was open")


@command(app, "call-off")
def call_off(account_id: AccountId, *, reason: Reason) -> None:
    """Stop a closing that is announced or under way; nothing is opened until a reset."""
    request = v1.CallOffClosingRequest(guard_id=account_id, reason=reason)
    guard = ask(lambda client: client.guards.call_off_closing(request)).guard
    print_one(guard)
    remark("the rule closes nothing, and nothing is opened, until: countersign guards reset")


@command(app)
def reset(
    account_id: AccountId,
    *,
    reason: Reason,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Measure a limit that is still broken from here on."),
    ] = False,
) -> None:
    """Lift what a guard holds, so that trading goes on."""

    async def lift(client: Client) -> v1.Guard:
        seen = (await client.guards.get_guards(_request(account_id))).guards[0]
        request = v1.ResetGuardRequest(
            guard_id=account_id,
            reason=reason,
            resets=seen.latch.resets,
            accept_loss=accept_loss,
        )
        return (await client.guards.reset_guard(request)).guard

    print_one(ask(lift))


def _request(account: str) -> v1.GetGuardsRequest:
    return v1.GetGuardsRequest(account_id=account, page_size=500)
