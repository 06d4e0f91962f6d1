"""The countersign-bridge command."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer

from countersign_bridge import __version__
from countersign_bridge.settings import (
    CONFIG_VARIABLE,
    Settings,
    SettingsInvalid,
    load_settings,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Stand beside a MetaTrader 5 terminal and trade only what its owner signed.",
)

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """Run the command; what goes wrong is one line that says what to do."""
    app()


@app.callback()
def read_settings_from(
    config: Annotated[
        Path | None, typer.Option(help=f"TOML file of settings; or set {CONFIG_VARIABLE}.")
    ] = None,
) -> None:
    """Say where the settings are, for the command that follows."""
    if config is not None:
        os.environ[CONFIG_VARIABLE] = str(config)


@app.command()
def run() -> None:
    """Serve the account until stopped. Settings come from COUNTERSIGN_BRIDGE_* variables."""
    from countersign_bridge.app import StartRefused, run_bridge  # noqa: PLC0415  # gRPC takes time
    from countersign_bridge.journal.store import JournalError  # noqa: PLC0415
    from countersign_bridge.logs import configure_logs  # noqa: PLC0415
    from countersign_bridge.pairing import PairingError  # noqa: PLC0415

    settings = _settings()
    configure_logs(
        file=settings.log_file,
        bytes_max=settings.log_file_bytes_max,
        files_max=settings.log_files_max,
    )
    try:
        code = run_bridge(settings)
    except (JournalError, PairingError, StartRefused, OSError) as error:
        if settings.log_file is not None:  # a program without a window has no standard error
            structlog.get_logger().error("bridge cannot run", why=str(error))
        _give_up(str(error))
    raise typer.Exit(code)


@app.command()
def pair(
    code: Annotated[str, typer.Argument(help="From the account's page, such as K7QXM-3TR9V.")],
    server: Annotated[str, typer.Option(help="Address of the server, host:port.")] = "",
) -> None:
    """Make this bridge the device of the account that the terminal shows."""
    from countersign_bridge.enrolment import EnrolmentRefused, enrol  # noqa: PLC0415  # gRPC

    settings = _settings()
    if server:
        settings = settings.model_copy(update={"server_address": server})
    try:
        file = enrol(settings, code)
    except (EnrolmentRefused, OSError) as error:
        _give_up(str(error))
    typer.echo(f"paired; the device's secret and the server's keys are in {file}")


@app.command()
def journal(*, as_json: _JSON = False) -> None:
    """List what the bridge has written down, oldest first."""
    from countersign_bridge.journal.listing import lines_of  # noqa: PLC0415  # for the CLI alone
    from countersign_bridge.journal.store import JournalError, read_journal  # noqa: PLC0415

    settings = _settings()
    try:
        opened = read_journal(settings.state_dir)
    except JournalError as error:
        _give_up(str(error))
    try:
        for line in lines_of(opened.records(), as_json=as_json):
            typer.echo(line)
    finally:
        opened.close()


@app.command()
def doctor(*, as_json: _JSON = False) -> None:
    """Look for what keeps the bridge from trading, and name the switch to flip."""
    from countersign_bridge.doctor import examine  # noqa: PLC0415  # gRPC takes time

    findings = examine(_settings())
    if as_json:
        typer.echo(json.dumps([finding.plain() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(finding.line())
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsInvalid as error:
        _give_up(str(error))


def _give_up(why: str) -> NoReturn:
    typer.echo(f"countersign-bridge: {why}", err=True)
    sys.exit(1)
