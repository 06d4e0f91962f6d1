"""What tests stand on: a PostgreSQL of the run, and a fresh database for each test that asks."""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import make_url

from countersign_server.database.schema_version import migrate
from countersign_server.database.supervisor import EmbeddedPostgres

# A process that has called over gRPC starts others, PostgreSQL among them; what gRPC does between
# fork and exec by default has kept one from starting. It is read when gRPC is first used.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

# How busy the machine is says nothing about the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

_TEMPLATE = "template_of_tests"
# As much as the server keeps of its write-ahead log by default (1 GiB), twice.
_ROOM_BYTES = 2 * 2**30
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for each process of the run: nothing is shared, so nothing needs a lock."""
    with (
        _server_folder() as folder,
        EmbeddedPostgres(folder, durable=False, max_connections=200) as server,
    ):
        yield server


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """An empty folder for a server of the test's own."""
    with _server_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def server_folder_of_module() -> Iterator[Path]:
    """An empty folder for a server that the tests of a module share, and may kill."""
    with _server_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> str:
    """A migrated database that nobody connects to, for copying."""
    _create(postgres, _TEMPLATE, template="template0")
    migrate(_url(postgres, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any table, for this test alone."""
    yield from _database(postgres, template="template0")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    """A migrated, empty database, for this test alone."""
    yield from _database(postgres, template=template_database)


def _database(postgres: EmbeddedPostgres, *, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _create(postgres, name, template=template)
    yield _url(postgres, name)
    _administer(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _server_folder() -> Generator[Path]:
    # In memory where there is enough of it. Not under tmp_path: pytest closes that to the
    # unprivileged user that the server runs as.
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a private folder in it
    fits = (
        memory.is_dir()
        and shutil.disk_usage(memory).free > _ROOM_BYTES
        # Some tests put programs there; containers often forbid to run them.
        and not os.statvfs(memory).f_flag & os.ST_NOEXEC
    )
    folder = Path(tempfile.mkdtemp(prefix="countersign-tests-", dir=memory if fits else None))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _create(postgres: EmbeddedPostgres, name: str, *, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER countersign TEMPLATE {} STRATEGY file_copy")
    _administer(postgres, statement.format(sql.Identifier(name), sql.Identifier(template)))


def _administer(postgres: EmbeddedPostgres, statement: sql.Composed) -> None:
    address = make_url(postgres.superuser_url).set(drivername="postgresql")
    with psycopg.connect(
        address.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(statement)


def _url(postgres: EmbeddedPostgres, name: str) -> str:
    return make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
