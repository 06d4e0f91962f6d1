"""The audit: every change of state, its chain checked, its entries exported."""

import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from countersign_client.cli.evidence import trust, verify_file
from countersign_client.cli.failures import REFUSED
from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.moments import read_span
from countersign_client.cli.screen import remark
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.evidence.trust import Trust
from countersign_client.wire.countersign import v1
from countersign_client.wire.google.api import HttpBody

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


@command(app, trust=trust)
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export; absent: ask the server to verify its own.")
    ] = None,
    *,
    from_sequence: Annotated[int, typer.Option("--from", min=0, help="0: the first.")] = 0,
    trust: Trust,
) -> None:
    """Check an export without any server, or let the server check. Ends with 4 if it does not hold.

    Of an export: every signature, digest, tag and seal, from each strategy's signal to each deal.
    """
    if file is not None:
        verify_file(file, trust)
        return
    request = v1.VerifyAuditRequest(from_sequence=from_sequence)
    verdict = ask(lambda client: client.audit.verify_audit(request))
    show(verdict, _VERDICT)
    if not verdict.intact:
        raise typer.Exit(REFUSED)


@command(app)
def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new file; -: the screen.")],
    signal: Annotated[str, typer.Option(help="Only this signal.")] = "",
    since: Annotated[str, typer.Option(help="Signals of the last 90s, 5m, 2h, 1d.")] = "",
) -> None:
    """Write all that is needed to verify, without the server, what was signed and what was done.

    JSON lines, of everything you may see; for operators with the whole chain. See 'audit verify'.
    """
    request = v1.ExportEvidenceRequest(signal_id=signal)
    if since:
        request.start_time = datetime.now(UTC) - read_span(since, field="since")
    if str(output) == "-":
        ask(lambda client: _copy(client.audit.export_evidence(request), sys.stdout.buffer))
        return
    _write(output, lambda client: client.audit.export_evidence(request))


@command(app)
def chain(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new file; -: the screen.")],
    from_sequence: Annotated[int, typer.Option("--from", min=0, help="0: the first.")] = 0,
    to_sequence: Annotated[int, typer.Option("--to", min=0, help="0: the last sealed.")] = 0,
) -> None:
    """Write the sealed entries alone as JSON lines, from one sequence to another. For operators."""
    request = v1.ExportAuditRequest(from_sequence=from_sequence, to_sequence=to_sequence)
    if str(output) == "-":
        ask(lambda client: _copy(client.audit.export_audit(request), sys.stdout.buffer))
        return
    _write(output, lambda client: client.audit.export_audit(request))


def _write(output: Path, told: Callable[[Client], AsyncIterator[HttpBody]]) -> None:
    try:
        with output.open("xb") as file:
            size = ask(lambda client: _copy(told(client), file))
    except FileExistsError:
        raise invalid_value(f"{output} exists already: name another", field="output") from None
    except OSError as error:
        raise invalid_value(
            f"{output} cannot be written: {error.strerror}", field="output"
        ) from None
    remark(f"{size} bytes written to {output}")


async def _copy(parts: AsyncIterator[HttpBody], file: BinaryIO) -> int:
    size = 0
    async for part in parts:
        size += file.write(part.data)
    file.flush()
    return size
