"""The truth sheet: who took how long, and who cost what, from a signal to its fill."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.screen import Column
from countersign_client.cli.session import ask, gather, show_all
from countersign_client.wire.countersign import v1

_COLUMNS: tuple[Column[v1.Trade], ...] = (
    column("received", "receive_time"),
    column("symbol", "symbol"),
    column("side", "side"),
    column("lots", "volume"),
    column("signalled", "signal_price"),
    column("filled", "open_price"),
    column("worse by", "slippage"),
    Column("person", lambda one: f"{one.delay_of_person.total_seconds():.1f} s"),
    Column("platform", lambda one: f"{one.delay_of_platform.total_seconds():.3f} s"),
    Column("broker", lambda one: f"{one.delay_of_broker.total_seconds():.3f} s"),
    column("closed at", "close_price"),
    column("result", "result"),
)

app = typer.Typer()


@command(app)
def trades(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    producer: Annotated[str, typer.Option(help="Only trades of this producer.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List positions that approvals opened, newest first, with the delay by who caused it."""
    request = v1.ListTradesRequest(account_id=account, producer_id=producer)
    found = ask(
        lambda client: gather(
            client.analytics.list_trades, request, lambda page: page.trades, limit
        )
    )
    show_all(found, _COLUMNS, nothing="no approved command has traded yet")
