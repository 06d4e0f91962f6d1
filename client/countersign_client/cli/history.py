"""Histories that MetaTrader wrote elsewhere, and the deals of any history as a file."""

import gzip
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("history", "history_id"),
    column("name", "name"),
    column("currency", "currency"),
    column("deals", "deals"),
    column("imported", "create_time"),
    column("file's SHA-256", "source_sha256"),
)
# What the server unpacks at most; a file beyond it need not be sent.
_FILE_BYTES_MAX = 48_000_000
_SENT_BYTES_MAX = 4_000_000

app = typer.Typer(help="Histories that MetaTrader wrote.", no_args_is_help=True)


class ExportFormat(StrEnum):
    """How deals are written."""

    CSV = "csv"
    JSON = "json"


@command(app, "import")
def import_(
    file: Annotated[Path, typer.Argument(help="The report as MetaTrader saved it.")],
    *,
    name: Annotated[str, typer.Option(help="What to call it; else the file's name.")] = "",
    currency: Annotated[
        str, typer.Option(help="The account's, if the report does not name it.")
    ] = "",
) -> None:
    """Take in a report; the same file again is the same history."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise invalid_value(f"{file} cannot be read: {error.strerror}", field="file") from error
    if not 0 < len(content) <= _FILE_BYTES_MAX:
        raise invalid_value(
            f"{file} has {len(content)} bytes, not 1 to {_FILE_BYTES_MAX}", field="file"
        )
    packed = gzip.compress(content, mtime=0)
    if len(packed) > _SENT_BYTES_MAX:
        raise invalid_value(f"{file} is too large even compressed", field="file")
    request = v1.ImportHistoryRequest(
        name=name or file.stem[:80], content=packed, currency=currency.upper()
    )
    show(ask(lambda client: client.histories.import_history(request)).history, _COLUMNS)


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List imported histories, newest first."""
    request = v1.ListHistoriesRequest()
    found = ask(
        lambda client: gather(
            client.histories.list_histories, request, lambda page: page.histories, limit
        )
    )
    show_all(found, _COLUMNS, nothing="no histories")


@command(app)
def export(
    *,
    account: Annotated[str, typer.Option(help="The deals of an account.")] = "",
    history: Annotated[str, typer.Option(help="The deals of an imported history.")] = "",
    as_format: Annotated[
        ExportFormat, typer.Option("--format", help="How they are written.")
    ] = ExportFormat.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else the screen.")
    ] = None,
) -> None:
    """Write deals to a file; JSON holds the figures that MetaTrader prints as well."""
    request = v1.ExportHistoryRequest(
        account_id=account, history_id=history, format=value_of(v1.ExportFormat, as_format)
    )
    body = ask(lambda client: client.histories.export_history(request)).data
    if output is None:
        sys.stdout.buffer.write(body)
        return
    try:
        output.write_bytes(body)
    except OSError as error:
        raise invalid_value(f"{output} cannot be written: {error.strerror}", field="-o") from error
