"""Our own PostgreSQL starts from nothing, ends with its owner, and keeps what was committed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from countersign_server.database.privileges import PostgresUnavailable, server_user
from countersign_server.database.supervisor import EmbeddedPostgres

OWNER = """
import sys
from pathlib import Path
from countersign_server.database.supervisor import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a killed parent")


def test_what_was_committed_is_there_after_a_restart(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        _execute(server.url, "CREATE TABLE notes AS SELECT 'kept' AS note")
        first_url = server.url

    with EmbeddedPostgres(server_folder, durable=False) as server:
        assert _ask(server.url, "SELECT note FROM notes") == [("kept",)]
        assert server.url == first_url


def test_the_server_is_gone_after_the_block(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        pid = _postmaster(server.home)
        assert _runs(pid)

    assert not _runs(pid)


def test_row_level_security_binds_the_application_even_as_owner_of_the_table(
    server_folder: Path,
) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        _execute(
            server.url,
            "CREATE TABLE notes (owner text, note text)",
            "INSERT INTO notes VALUES ('ann', 'hers'), ('bob', 'his')",
            "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE notes FORCE ROW LEVEL SECURITY",
            "CREATE POLICY mine ON notes USING (owner = current_setting('test.owner', true))",
        )

        assert _ask(server.url, "SELECT note FROM notes") == []
        assert _ask(server.url, "SELECT note FROM notes", "SET test.owner = 'ann'") == [("hers",)]
        assert _ask(server.superuser_url, "SELECT count(*) FROM notes") == [(2,)]


def test_the_application_can_neither_read_files_nor_make_roles(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _execute(server.url, "SELECT pg_read_file('PG_VERSION')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _execute(server.url, "CREATE ROLE another SUPERUSER")


def test_a_wrong_password_is_refused_and_there_is_no_port(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        stranger = make_url(server.url).set(password="guessed")  # noqa: S106 - that is the point

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            _ask(stranger.render_as_string(hide_password=False), "SELECT 1")
        assert _ask(server.superuser_url, "SHOW listen_addresses") == [("",)]
        for name in ("postgres.password", "countersign.password"):
            assert (server.home / name).stat().st_mode & 0o777 == 0o600


@on_linux
def test_the_server_knows_none_of_our_secrets(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_SEALING_KEY", "secret")
    with EmbeddedPostgres(server_folder, durable=False) as server:
        environment = Path(f"/proc/{_postmaster(server.home)}/environ").read_bytes()

    assert b"PATH=" in environment
    assert b"COUNTERSIGN" not in environment


@on_linux
def test_killing_the_owner_stops_the_server_and_loses_nothing(server_folder: Path) -> None:
    owner, url = _owner_in_another_process(server_folder)
    _execute(url, "CREATE TABLE notes AS SELECT 'kept' AS note")
    pid = _postmaster(server_folder)

    owner.kill()
    owner.communicate()

    # At once, while the old server is still on its way out.
    with EmbeddedPostgres(server_folder, durable=False) as server:
        assert not _runs(pid)
        assert _ask(server.url, "SELECT note FROM notes") == [("kept",)]


@on_linux
def test_killing_the_owner_stops_the_server_without_another_start(server_folder: Path) -> None:
    owner, _ = _owner_in_another_process(server_folder)
    pid = _postmaster(server_folder)

    owner.kill()
    owner.communicate()

    _until(lambda: not _runs(pid))


@on_linux
def test_a_server_that_is_still_on_its_way_out_is_waited_for(server_folder: Path) -> None:
    owner, _ = _owner_in_another_process(server_folder)
    pid = _postmaster(server_folder)
    os.kill(pid, signal.SIGSTOP)
    try:
        owner.kill()
        owner.communicate()

        with (
            pytest.raises(PostgresUnavailable, match=r"of an earlier run still uses .* kill -INT"),
            EmbeddedPostgres(server_folder, durable=False, patience=timedelta(milliseconds=300)),
        ):
            pass
    finally:
        os.kill(pid, signal.SIGCONT)
    with EmbeddedPostgres(server_folder, durable=False) as server:
        assert _ask(server.url, "SELECT 1") == [(1,)]


def test_a_second_owner_is_refused_and_told_of_the_first(server_folder: Path) -> None:
    owner, url = _owner_in_another_process(server_folder)
    try:
        with (
            pytest.raises(PostgresUnavailable, match=f"process {owner.pid} already runs"),
            EmbeddedPostgres(server_folder, durable=False),
        ):
            pass
        assert _ask(url, "SELECT 1") == [(1,)]
    finally:
        owner.communicate(timeout=30)


def test_a_stale_pid_file_with_the_number_of_a_living_process_does_not_stop_a_start(
    server_folder: Path,
) -> None:
    with EmbeddedPostgres(server_folder, durable=False) as server:
        data, pid_file = server.home / "data", (server.home / "data" / "postmaster.pid").read_text()
    stale = pid_file.splitlines()
    # A process of the same user: the one kind that PostgreSQL itself takes for a running server.
    user = server_user((data,))
    other = subprocess.Popen(["/bin/sleep", "60"], user=user.uid if user else None)
    try:
        stale[0] = str(other.pid)
        (data / "postmaster.pid").write_text("\n".join(stale))

        with EmbeddedPostgres(server_folder, durable=False) as server:
            assert _ask(server.url, "SELECT 1") == [(1,)]
    finally:
        other.kill()
        other.wait()


def test_a_start_that_was_cut_off_while_making_the_data_is_begun_again(server_folder: Path) -> None:
    half = server_folder / "data.unfinished"
    half.mkdir()
    (half / "PG_VERSION").write_text("15")

    with EmbeddedPostgres(server_folder, durable=False) as server:
        assert _ask(server.url, "SELECT current_user") == [("countersign",)]


def test_a_folder_with_other_things_in_it_is_refused(server_folder: Path) -> None:
    (server_folder / "data").mkdir()

    with (
        pytest.raises(PostgresUnavailable, match="is not a PostgreSQL data folder: move it away"),
        EmbeddedPostgres(server_folder, durable=False),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_told_with_its_reason(server_folder: Path) -> None:
    (server_folder / "file").touch()

    with (
        pytest.raises(PostgresUnavailable, match=r"cannot be made \(Not a directory\): choose"),
        EmbeddedPostgres(server_folder / "file" / "database", durable=False),
    ):
        pass


def test_lost_passwords_are_told_at_once(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, durable=False):
        pass
    (server_folder / "countersign.password").write_text("another")

    with (
        pytest.raises(PostgresUnavailable, match=r"password files in .* do not fit its data"),
        EmbeddedPostgres(server_folder, durable=False),
    ):
        pass


def test_a_server_that_cannot_start_says_why_in_one_line(server_folder: Path) -> None:
    with (
        pytest.raises(PostgresUnavailable, match=r"did not start: .*FATAL.*max_connections"),
        EmbeddedPostgres(server_folder, durable=False, max_connections=0),
    ):
        pass


def test_a_thread_that_may_end_before_us_may_not_start_it(server_folder: Path) -> None:
    refused: list[RuntimeError] = []

    def start() -> None:
        try:
            EmbeddedPostgres(server_folder).__enter__()
        except RuntimeError as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert ["main thread" in str(error) for error in refused] == [True]


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_is_cleared_away(
    server_folder: Path,
) -> None:
    deep = server_folder / ("long" * 30)
    with EmbeddedPostgres(deep, durable=False) as server:
        assert _ask(server.url, "SELECT 1") == [(1,)]
        socket = Path(str(make_url(server.url).query["host"]))
        assert socket.stat().st_mode & 0o777 == 0o700

    assert not socket.exists()


@as_root
def test_a_folder_that_the_server_cannot_reach_gets_a_stand_in_that_keeps_the_data(
    server_folder: Path,
) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    wanted, elsewhere = closed / "database", server_folder / "elsewhere"
    with EmbeddedPostgres(wanted, durable=False, elsewhere=elsewhere) as server:
        _execute(server.url, "CREATE TABLE notes AS SELECT 'kept' AS note")
        assert server.home.parent == elsewhere
        assert str(server.home) in (wanted / "MOVED").read_text()

    with EmbeddedPostgres(wanted, durable=False, elsewhere=elsewhere) as server:
        assert _ask(server.url, "SELECT note FROM notes") == [("kept",)]
    assert closed.stat().st_mode & 0o777 == 0o700

    # Also once it could reach the wanted one, which has no data.
    closed.chmod(0o755)
    with EmbeddedPostgres(wanted, durable=False, elsewhere=elsewhere) as server:
        assert _ask(server.url, "SELECT note FROM notes") == [("kept",)]


@as_root
def test_a_stand_in_that_somebody_else_could_change_is_refused(server_folder: Path) -> None:
    closed, elsewhere = server_folder / "closed", server_folder / "elsewhere"
    closed.mkdir(mode=0o700)
    elsewhere.mkdir()
    os.chown(elsewhere, 65534, 65534)

    with (
        pytest.raises(PostgresUnavailable, match="not a folder that only we can change"),
        EmbeddedPostgres(closed / "database", elsewhere=elsewhere),
    ):
        pass


def _owner_in_another_process(folder: Path) -> tuple[subprocess.Popen[str], str]:
    owner = subprocess.Popen(  # noqa: S603 - the text above
        [sys.executable, "-c", OWNER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    assert url.startswith("postgresql+psycopg://"), f"the owner ended with {owner.wait()}"
    return owner, url


def _postmaster(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().splitlines()[0])


def _runs(pid: int) -> bool:
    # Not by a signal: that reaches one that has ended and that nobody has asked about yet.
    told = subprocess.run(  # noqa: S603 - a number of our own
        ["/bin/ps", "-o", "stat=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() != "" and not told.stdout.startswith("Z")


def _until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(_address(url)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _ask(url: str, question: str, *before: str) -> list[tuple[object, ...]]:
    with psycopg.connect(_address(url)) as connection:
        for statement in before:
            connection.execute(statement.encode())
        return connection.execute(question.encode()).fetchall()


def _address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
