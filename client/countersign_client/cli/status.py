"""What the terminals did with a signal."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, label
from countersign_client.cli.moments import time_text
from countersign_client.cli.screen import print_facts, print_json, say
from countersign_client.cli.session import ask
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

COMMAND = (
    column("command", "command_id"),
    column("account", "account_id"),
    column("kind", "kind"),
    column("state", "state"),
    column("why", "reason"),
    column("filled lots", "filled_volume"),
    column("average price", "average_price"),
    column("approved", "create_time"),
    column("offered", "offer_time"),
    column("granted", "grant_time"),
    column("since", "update_time"),
)

app = typer.Typer()


@command(app)
def status(signal_id: Annotated[str, typer.Argument(help="UUID of the signal.")]) -> None:
    """Show, for each account a signal reached, the command and its history."""
    request = v1.GetExecutionStatusRequest(signal_id=signal_id)
    answer = ask(lambda client: client.execution.get_execution_status(request))
    if current().json:
        print_json([message_json(one) for one in answer.commands])
        return
    if not answer.commands:
        say("no account has a command of this signal")
    for one in answer.commands:
        print_facts(one, COMMAND)
        for report in one.reports:
            say(f"  {_report_line(report)}")
        for deal in one.deals:
            say(f"  deal {deal.ticket}: {deal.volume} lots of {deal.symbol} at {deal.price}")
        say("")


def _report_line(report: v1.CommandReport) -> str:
    parts = [
        time_text(report.event_time),
        report.kind,
        label(report.outcome),
        f"retcode {report.retcode}" if report.retcode else "",
        report.reason,
        report.detail,
    ]
    return "  ".join(part for part in parts if part)
