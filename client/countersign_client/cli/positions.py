"""What the terminals hold, and how old that is."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.moments import countdown
from countersign_client.cli.screen import print_json, print_table, say
from countersign_client.cli.session import ask
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_POSITION = (
    column("ticket", "ticket"),
    column("symbol", "symbol"),
    column("side", "side"),
    column("lots", "volume"),
    column("opened at", "price_open"),
    column("now", "price_current"),
    column("stop", "stop_loss"),
    column("target", "take_profit"),
    column("profit", "profit"),
    column("swap", "swap"),
)

app = typer.Typer()


@command(app)
def positions(*, account: Annotated[str, typer.Option(help="Only this account.")] = "") -> None:
    """Show what each terminal held when it was last read.

    An account that was never read is not listed; it is not flat.
    """
    request = v1.ListPositionsRequest(account_id=account)
    answer = ask(lambda client: client.reconciliation.list_positions(request))
    if current().json:
        print_json(message_json(answer))
        return
    if not answer.accounts:
        say("no account was ever read")
    for stored in answer.accounts:
        money = stored.snapshot
        age = countdown(stored.receive_time, answer.server_time)
        say(f"account {stored.account_id}, read {age}" + (" (STALE)" if stored.stale else ""))
        funds = f"balance {money.balance}  equity {money.equity}  margin {money.margin}"
        say(f"{funds} {stored.currency}")
        print_table(money.positions, _POSITION, nothing="no open positions")
        say("")
