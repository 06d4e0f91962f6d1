"""The one page that tells how an account did."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.chart import write_picture
from countersign_client.cli.invocation import command
from countersign_client.cli.only_account import account_or_only
from countersign_client.cli.session import ask
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

_FORMATS = {".png": v1.ReportFormat.PNG, ".pdf": v1.ReportFormat.PDF}


class Theme(StrEnum):
    """What the page looks like."""

    LIGHT = "light"
    DARK = "dark"


app = typer.Typer()


@command(app)
def report(  # noqa: PLR0913  # options, each by name
    *,
    file: Annotated[Path, typer.Option("--file", "-o", help="The file to write: .png or .pdf.")],
    account: Annotated[str, typer.Option(help="Which account; else the only one.")] = "",
    history: Annotated[str, typer.Option(help="An imported history instead.")] = "",
    start: Annotated[str, typer.Option("--from", help="First day: 2026-01-01.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day: 2026-06-30.")] = "",
    theme: Annotated[Theme, typer.Option(help="What it looks like.")] = Theme.LIGHT,
) -> None:
    """Draw how an account did: its curve, its months, its statistics, its delays, on one page."""
    if account and history:
        raise invalid_value("name --account or --history, not both", field="history")
    if file.suffix.lower() not in _FORMATS:
        raise invalid_value("file must end in .png or .pdf", field="file")

    async def draw(client: Client) -> bytes:
        request = v1.GetReportRequest(
            account_id="" if history else await account_or_only(client, account),
            history_id=history,
            start_day=start,
            end_day=end,
            format=_FORMATS[file.suffix.lower()],
            theme=theme,
        )
        return (await client.charts.get_report(request)).data

    write_picture(file, ask(draw))
