"""The truth sheet: who took how long, and who cost what, from a signal to its fill."""

from datetime import timedelta
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
    Column("by person", lambda one: _cost(one, one.slippage_of_person)),
    Column("by platform", lambda one: _cost(one, one.slippage_of_platform)),
    Column("by broker", lambda one: _cost(one, one.slippage_of_broker)),
    Column("person took", lambda one: _delay(one.delay_of_person)),
    Column("platform took", lambda one: _delay(one.delay_of_platform)),
    Column("broker took", lambda one: _delay(one.delay_of_broker)),
    column("closed at", "close_price"),
    column("result", "result"),
)

app = typer.Typer()


def _cost(trade: v1.Trade, part: str) -> str:
    """Return a part of what it was filled worse, or that a price of it was not kept."""
    return part or ("unknown" if trade.slippage else "")


def _delay(span: timedelta) -> str:
    """Return "1.250 s"; empty if it is not known, or nobody took any time: a rule decided."""
    return f"{span.total_seconds():.3f} s" if span else ""


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
