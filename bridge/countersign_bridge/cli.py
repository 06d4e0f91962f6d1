"""The countersign-bridge command."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer

from countersign_bridge import __version__
from countersign_bridge.owner_pins import PinsError, pin, pinned_keys, unpin
from countersign_bridge.settings import (
    CONFIG_VARIABLE,
    Settings,
    SettingsInvalid,
    load_settings,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Stand beside a MetaTrader 5 terminal and trade only what its owner signed.",
)

owner_keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Whose signature trades are opened with.",
)
app.add_typer(owner_keys, name="owner-key")

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


# What typer raises for options and arguments that do not fit; it has no public name.
_NotUnderstood: Any = typer.BadParameter.__base__


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit; what goes wrong is one line that says what to do."""
    try:
        sys.exit(app(arguments, prog_name="countersign-bridge", standalone_mode=False))
    except _NotUnderstood as error:
        command = error.ctx.command_path if error.ctx else "countersign-bridge"
        if error.ctx and error.message == error.ctx.get_help():
            typer.echo(error.message, err=True)
        else:
            asked = " ".join(error.format_message().split()).rstrip(".")
            typer.echo(f"countersign-bridge: {asked}. See '{command} --help'.", err=True)
        sys.exit(2)


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
    *,
    server: Annotated[str, typer.Option(help="Address of the server, host:port.")] = "",
    owner_key: Annotated[
        list[str] | None,
        typer.Option(help="Pin this owner key, own_...; repeat for more."),
    ] = None,
) -> None:
    """Make this bridge the device of the account that the terminal shows."""
    from countersign_bridge.enrolment import EnrolmentRefused, enrol  # noqa: PLC0415  # gRPC

    settings = _settings()
    if server:
        settings = settings.model_copy(update={"server_address": server})
    try:
        for key_id in owner_key or ():
            pin(settings.state_dir, key_id, "")
        file = enrol(settings, code)
    except (EnrolmentRefused, PinsError, OSError) as error:
        _give_up(str(error))
    typer.echo(f"paired; the device's secret and the server's keys are in {file}")


@owner_keys.command("add")
def pin_owner_key(
    key_id: Annotated[str, typer.Argument(help="From 'countersign key list': own_...")],
    name: Annotated[str, typer.Argument(help="What its owner calls it.")] = "",
) -> None:
    """Pin a key. From the next start on, trades are opened only with a pinned key's signature."""
    _change_pins(lambda state_dir: pin(state_dir, key_id, name))


@owner_keys.command("remove")
def unpin_owner_key(key_id: Annotated[str, typer.Argument(help="own_...")]) -> None:
    """Take a pin out. Without any left nothing is opened until one is pinned."""
    _change_pins(lambda state_dir: unpin(state_dir, key_id))


@owner_keys.command("list")
def list_owner_keys(*, as_json: _JSON = False) -> None:
    """List the pinned keys."""
    settings = _settings()
    try:
        pins = pinned_keys(settings.state_dir, settings.owner_keys)
    except PinsError as error:
        _give_up(str(error))
    if as_json:
        typer.echo(json.dumps(pins, indent=2))
    elif pins is None:
        typer.echo("none was ever pinned: the server's countersignature is enough")
    else:
        for key_id, label in pins.items():
            typer.echo(f"{key_id}  {label}".rstrip())


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


def _change_pins(change: Callable[[Path], Path]) -> None:
    try:
        file = change(_settings().state_dir)
    except (PinsError, OSError) as error:
        _give_up(str(error))
    typer.echo(f"written to {file}; restart the bridge for it to count")


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsInvalid as error:
        _give_up(str(error))


def _give_up(why: str) -> NoReturn:
    typer.echo(f"countersign-bridge: {why}", err=True)
    sys.exit(1)
