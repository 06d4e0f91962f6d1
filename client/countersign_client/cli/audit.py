"""The audit: every change of state, its chain checked, its entries exported."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from countersign_client.cli.failures import REFUSED
from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.moments import read_span
from countersign_client.cli.screen import remark
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

_ENTRY = (
    column("sequence", "sequence"),
    column("time", "event_time"),
    column("kind", "kind"),
    column("who", "actor"),
    column("from", "caller_address"),
    column("what", "subject"),
    column("request", "request_id"),
)
_VERDICT = (
    column("intact", "intact"),
    column("checked", "checked"),
    column("sealed up to", "sealed_sequence"),
    column("hash there", "sealed_hash"),
    column("not sealed yet", "unsealed"),
    column("broken at", "broken_sequence"),
    column("because", "broken_reason"),
)

app = typer.Typer(help="Every change of state; verify and export.", no_args_is_help=True)


@command(app, "list")
def list_(  # noqa: PLR0913  # options, each by name
    *,
    signal: Annotated[str, typer.Option(help="Only this signal.")] = "",
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    command_id: Annotated[str, typer.Option("--command", help="Only this command.")] = "",
    kind: Annotated[str, typer.Option(help='Only kinds that begin so: "approval.".')] = "",
    since: Annotated[str, typer.Option(help="Of the last 90s, 5m, 2h, 1d.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List entries, oldest first."""
    request = v1.ListAuditEntriesRequest(
        signal_id=signal, account_id=account, command_id=command_id, kind_prefix=kind
    )
    if since:
        request.start_time = datetime.now(UTC) - read_span(since, field="since")
    entries = ask(
        lambda client: gather(
            client.audit.list_audit_entries, request, lambda page: page.entries, limit
        )
    )
    show_all(entries, _ENTRY, nothing="no entries")


@command(app)
def verify(
    *, from_sequence: Annotated[int, typer.Option("--from", min=0, help="0: the first.")] = 0
) -> None:
    """Compute the hash chain anew and say how far it holds. Ends with 4 if it does not."""
    request = v1.VerifyAuditRequest(from_sequence=from_sequence)
    verdict = ask(lambda client: client.audit.verify_audit(request))
    show(verdict, _VERDICT)
    if not verdict.intact:
        raise typer.Exit(REFUSED)


@command(app)
def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new file; -: the screen.")],
    from_sequence: Annotated[int, typer.Option("--from", min=0, help="0: the first.")] = 0,
    to_sequence: Annotated[int, typer.Option("--to", min=0, help="0: the last sealed.")] = 0,
) -> None:
    """Write sealed entries as JSON lines, with all that is needed to verify them elsewhere."""
    request = v1.ExportAuditRequest(from_sequence=from_sequence, to_sequence=to_sequence)
    if str(output) == "-":
        ask(lambda client: _copy(client, request, sys.stdout.buffer))
        return
    try:
        with output.open("xb") as file:
            size = ask(lambda client: _copy(client, request, file))
    except FileExistsError:
        raise invalid_value(f"{output} exists already: name another", field="output") from None
    except OSError as error:
        raise invalid_value(
            f"{output} cannot be written: {error.strerror}", field="output"
        ) from None
    remark(f"{size} bytes written to {output}")


async def _copy(client: Client, request: v1.ExportAuditRequest, file: BinaryIO) -> int:
    size = 0
    async for part in client.audit.export_audit(request):
        size += file.write(part.data)
    file.flush()
    return size
