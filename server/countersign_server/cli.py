"""The countersign-server command."""

import asyncio
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from countersign_server.crash_points import arm
from countersign_server.settings import Settings

app = typer.Typer(
    help="Run and look after a Countersign server. Settings come from COUNTERSIGN_* variables.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# What typer raises for options and arguments that do not fit; it has no public name.
_NotUnderstood: Any = typer.BadParameter.__base__

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: with 2 and a line that says what to do if it is not understood."""
    try:
        sys.exit(app(arguments, prog_name="countersign-server", standalone_mode=False))
    except _NotUnderstood as error:
        command = error.ctx.command_path if error.ctx else "countersign-server"
        if error.ctx and error.message == error.ctx.get_help():
            typer.echo(error.message, err=True)
        else:
            asked = " ".join(error.format_message().split()).rstrip(".")
            typer.echo(f"countersign-server: {asked}. See '{command} --help'.", err=True)
        sys.exit(2)
    except typer.Abort:
        sys.exit("countersign-server: nothing was done")


@app.command()
def serve(
    *,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored",
            help="The database comes from a backup: put all that is not over in doubt.",
        ),
    ] = False,
) -> None:
    """Serve until SIGTERM. Without COUNTERSIGN_DATABASE_URL, on a PostgreSQL of our own."""
    from countersign_server.app import serve_until_told_to_stop  # noqa: PLC0415  # slow to import
    from countersign_server.logs import configure_logs  # noqa: PLC0415

    with _plain_errors():
        settings = Settings.from_environment()
        if restored:
            settings = settings.model_copy(update={"restored": True})
        arm(settings.server_crash_at)
        configure_logs(settings.log_level)
        with _database(settings, migrated=True) as url, _runner() as runner:
            runner.run(serve_until_told_to_stop(settings, url))


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    from countersign_server.database.schema_version import (  # noqa: PLC0415  # slow to import
        migrate as bring_up,
    )

    with _plain_errors():
        settings = Settings.from_environment()
        with _database(settings, migrated=False) as url:
            typer.echo(f"the schema is at {bring_up(url)}")


@app.command("create-operator")
def create_operator(
    email: Annotated[str, typer.Argument(help="With which the operator signs in.")],
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make an operator who can sign in at once: the first one, who invites the others."""
    from countersign_server.operators import (  # noqa: PLC0415  # slow to import
        create_operator_with_password,
    )

    with _plain_errors():
        settings = Settings.from_environment()
        if password_stdin:
            password = sys.stdin.readline().rstrip("\n")
        else:
            password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        with _database(settings, migrated=False) as url, _runner() as runner:
            user_id = runner.run(
                create_operator_with_password(database_url=url, email=email, password=password)
            )
            typer.echo(f"operator {email} has the id {user_id}")


@app.command("payout-details")
def payout_details(
    payout_id: Annotated[UUID, typer.Argument(help="An approved payout.")], *, as_json: Json = False
) -> None:
    """Show where the money of an approved payout goes; the audit tells that it was shown."""
    from countersign_server.operators import open_bank_details  # noqa: PLC0415  # slow to import
    from countersign_server.sealing_key import sealing_key  # noqa: PLC0415

    with _plain_errors():
        settings = Settings.from_environment()
        key = sealing_key(settings)
        with _database(settings, migrated=False) as url, _runner() as runner:
            details = runner.run(
                open_bank_details(database_url=url, sealing_key=key, payout_id=payout_id)
            )
    facts = {name: text for name, text in asdict(details).items() if text}
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' '):<10} {value}")


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Say what is wrong with this installation and how to mend it. Exits 1 if anything is."""
    from countersign_server.doctor import examine  # noqa: PLC0415  # slow to import

    with _plain_errors():
        settings = Settings.from_environment()
        with _database(settings, migrated=False) as url, _runner() as runner:
            findings = runner.run(examine(settings, url, lambda: datetime.now(UTC)))
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings]))
    else:
        for finding in findings:
            mend = f"  -> {finding.mend}" if finding.mend else ""
            typer.echo(f"{'ok ' if finding.well else 'BAD'}  {finding.what}{mend}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


@contextmanager
def _database(settings: Settings, *, migrated: bool) -> Generator[str]:
    """Provide the database's URL; where none is set, a PostgreSQL of our own that ends with us."""
    from countersign_server.database.schema_version import (  # noqa: PLC0415  # slow to import
        migrate as bring_up,
    )
    from countersign_server.database.supervisor import EmbeddedPostgres  # noqa: PLC0415

    url = settings.database_url.get_secret_value()
    if url:
        yield url
        return
    if settings.environment == "production":
        raise typer.BadParameter("COUNTERSIGN_DATABASE_URL must be set in production")
    with EmbeddedPostgres(settings.data_dir / "postgres") as server:
        if migrated:
            bring_up(server.url)
        yield server.url


def _runner() -> asyncio.Runner:
    try:
        import uvloop  # noqa: PLC0415  # not on Windows
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@contextmanager
def _plain_errors() -> Generator[None]:
    """Let what an operator can mend end in one line, without a traceback."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  # slow to import

    from countersign_server.database.schema_version import SchemaMismatch  # noqa: PLC0415
    from countersign_server.database.supervisor import PostgresUnavailable  # noqa: PLC0415
    from countersign_server.errors import CountersignError  # noqa: PLC0415
    from countersign_server.identity.vault import SealBroken  # noqa: PLC0415
    from countersign_server.sealing_key import SealingKeyInvalid  # noqa: PLC0415

    try:
        yield
    except ValidationError as error:
        problems = "; ".join(
            f"COUNTERSIGN_{str(problem['loc'][0]).upper()}: {problem['msg']}"
            if problem["loc"]
            else problem["msg"]
            for problem in error.errors()
        )
        _end(f"the settings are not valid: {problems}")
    except (
        *(SchemaMismatch, PostgresUnavailable, SealingKeyInvalid, SealBroken),
        CountersignError,
    ) as error:
        _end(str(error))
    except SQLAlchemyError as error:
        _end(f"the database does not answer: {str(error).splitlines()[0]}")
    except (typer.Abort, typer.Exit):
        raise  # they are RuntimeErrors, and nothing is wrong
    except (OSError, RuntimeError) as error:
        _end(str(error))


def _end(message: str) -> None:
    typer.echo(f"countersign-server: {message}", err=True)
    raise typer.Exit(1)
