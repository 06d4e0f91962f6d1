"""Whether code and database mean the same schema, and how the database gets there."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

import countersign_server

# Any number that nothing else in the database uses as an advisory lock.
_MIGRATION_LOCK = 0x636F756E74657273

# Another migration may take this long; a second one waits for it.
_WAIT_FOR_MIGRATION = "10min"
# A migration that waits for a table makes every query behind it wait too: better to be run again.
_WAIT_FOR_TABLE = "5s"


class SchemaMismatch(Exception):
    """The database has another schema than this code was written for."""

    def __init__(self, *, found: str | None, expected: str) -> None:
        advice = (
            "start the version of the server that made it, or a later one"
            if found is not None and found > expected
            else "run `countersign-server migrate`"
        )
        super().__init__(
            f"the database is at schema {found or 'none'}, this code expects {expected}: {advice}"
        )
        self.found = found
        self.expected = expected


async def check_schema(engine: AsyncEngine) -> None:
    """Return if the database has the schema of this code.

    Raises SchemaMismatch otherwise.
    """
    async with engine.connect() as connection:
        found = await connection.run_sync(_revision)
    expected = expected_revision()
    if found != expected:
        raise SchemaMismatch(found=found, expected=expected)


def expected_revision() -> str:
    """Tell the newest revision that this code brings along, like "0001"."""
    head = ScriptDirectory.from_config(_configuration()).get_current_head()
    assert head is not None, "there are migrations"  # noqa: S101 - an invariant of the package
    return head


def migrate(url: str) -> str:
    """Bring the database to the schema of this code, and return its revision.

    Safe to run from several processes at once: one migrates, the others wait and find it done. Each
    migration is one transaction, so that a failed one leaves the schema of the one before.
    Raises SchemaMismatch when the database is newer than this code.
    """
    engine = create_engine(
        url,
        poolclass=NullPool,
        # Row-level security shows a migration every row; and copying them may take long.
        connect_args={
            "options": "-c countersign.tenant=system -c statement_timeout=0 "
            f"-c lock_timeout={_WAIT_FOR_TABLE}"
        },
    )
    expected = expected_revision()
    with engine.connect() as connection:
        _wait_for_other_migrations(connection)
        found = _revision(connection)
        connection.commit()
        if found is not None and found > expected:
            raise SchemaMismatch(found=found, expected=expected)
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
    return expected


def _wait_for_other_migrations(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_MIGRATION}'"))
    # Held until the connection closes, across the transactions of all migrations.
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    connection.commit()


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _configuration() -> Config:
    configuration = Config()
    # A percent sign would be read as the start of an interpolation.
    configuration.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _migrations() -> Path:
    """Find the migrations: inside the installed package, or at the root of the checkout."""
    package = Path(str(files(countersign_server)))
    installed, checkout = package / "migrations", package.parents[1] / "migrations"
    return installed if installed.is_dir() else checkout
