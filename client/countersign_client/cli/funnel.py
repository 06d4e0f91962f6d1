"""How far signals came, and why no further."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.screen import print_json, print_table, say
from countersign_client.cli.session import ask
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_STEPS = (column("step", "step"), column("signals", "count"))
_MISSES = (
    column("came to", "step"),
    column("and no further because", "reason"),
    column("signals", "count"),
    column("the newest", "newest_signal_id"),
)

app = typer.Typer()


@command(app)
def funnel(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    producer: Annotated[str, typer.Option(help="Only signals of this producer.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="Of so many days.")] = 30,
) -> None:
    """Count signals from delivery to fill, with a reason for each that was missed."""
    now = datetime.now(UTC)
    request = v1.GetFunnelRequest(
        account_id=account,
        producer_id=producer,
        start_time=now - timedelta(days=days),
        end_time=now,
    )
    answer = ask(lambda client: client.analytics.get_funnel(request))
    if current().json:
        print_json(message_json(answer))
        return
    print_table(answer.steps, _STEPS, nothing="no signals")
    say("")
    print_table(answer.misses, _MISSES, nothing="nothing was missed")
