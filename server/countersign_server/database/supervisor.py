"""A PostgreSQL of our own, nothing to set up: for demonstrations and tests, not for production.

The server is a foreground child that ends with its owner, even when that is killed. It listens on a
socket in a private folder and on no port.
"""

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from sqlalchemy import URL

from countersign_server.database.ownership import (
    open_private,
    owner_lock,
    server_lock,
    write_private,
)
from countersign_server.database.privileges import (
    PostgresUnavailable,
    ServerUser,
    fallback_home,
    give,
    make_socket_folder,
    server_user,
    settle_home,
)
from countersign_server.database.programs import Programs, choose_programs, installed_programs

__all__ = ["EmbeddedPostgres", "PostgresUnavailable"]

# Where data and programs go that the server's user cannot reach where they are.
ELSEWHERE = Path("/var/lib/countersign")

APPLICATION = "countersign"
SUPERUSER = "postgres"

_POLL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1


class EmbeddedPostgres:
    """One PostgreSQL server with one database, `countersign`, that runs inside the `with` block.

    Enter it from the main thread: the server ends with the thread that started it.
    Raises PostgresUnavailable, in one line that says what to do, when it cannot run.
    """

    def __init__(  # noqa: PLR0913 - all but the folder are named and have a default
        self,
        folder: Path,
        *,
        durable: bool = True,
        max_connections: int = 100,
        shared_buffers_mib: int = 128,
        patience: timedelta = timedelta(seconds=60),
        elsewhere: Path = ELSEWHERE,
        installed: Sequence[Path] | None = None,
    ) -> None:
        """Keep everything in `folder`; entering again finds the data of before.

        `durable=False` loses data when the machine crashes and is faster: for tests only.
        `patience` is how long a start may take, recovery after a crash included.
        `installed` are the folders with PostgreSQL's programs, best first; None: look for them.
        """
        self._wanted = folder.absolute()
        self._elsewhere = elsewhere
        self._installed = installed
        self._settings = {
            "max_connections": str(max_connections),
            "shared_buffers": f"{shared_buffers_mib}MB",
            "fsync": _on_or_off(durable),
            "full_page_writes": _on_or_off(durable),
            "synchronous_commit": _on_or_off(durable),
        }
        self._durable = durable
        self._patience = patience
        self._user: ServerUser | None = None
        self._home: Path | None = None
        self._socket: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    @property
    def url(self) -> str:
        """The database for the application, in a role that row-level security binds."""
        return self._url(APPLICATION)

    @property
    def superuser_url(self) -> str:
        """The same database for whoever makes further databases or roles."""
        return self._url(SUPERUSER)

    @property
    def home(self) -> Path:
        """The folder in use: the wanted one, or a stand-in where PostgreSQL cannot reach that."""
        if self._home is None:
            raise RuntimeError("the server has not been started: enter the context first")
        return self._home

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the server from the main thread: it ends with its thread")
        stand_in = fallback_home(self._wanted, self._elsewhere)
        self._user = server_user((self._wanted / "data", stand_in / "data"))
        self._home = settle_home(self._wanted, self._user, self._elsewhere)
        with ExitStack() as held:
            held.enter_context(owner_lock(self._home / "owner.lock"))
            # Closed once the server has inherited it, so that it is the server's alone.
            with server_lock(self._home / "server.lock", self._patience) as lock:
                programs = choose_programs(
                    installed_programs() if self._installed is None else self._installed,
                    self._user,
                    made_by=_made_by(self._home / "data"),
                    elsewhere=self._elsewhere,
                )
                if not (self._home / "data").exists():
                    self._initialise(programs)
                self._start(programs, lock)
            held.callback(self._stop)
            self._wait_until_ready()
            self._held = held.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def _initialise(self, programs: Programs) -> None:
        """Make the data folder with its two roles: complete, or not at all."""
        data, unfinished = self.home / "data", self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        give(unfinished, self._user)
        for role in (SUPERUSER, APPLICATION):
            write_private(self._password_file(role), secrets.token_urlsafe(32))
        # initdb runs as the server's user, who may not read our file.
        lent = self.home / "lent.password"
        write_private(lent, self._password(SUPERUSER))
        give(lent, self._user)
        try:
            self._run(
                [
                    *(str(programs.initdb), "-D", str(unfinished), "-U", SUPERUSER),
                    *("--auth=scram-sha-256", f"--pwfile={lent}", "--data-checksums"),
                    *("--encoding=UTF8", "--no-locale"),
                    *(() if self._durable else ("--no-sync",)),
                ]
            )
        finally:
            lent.unlink()
        # Before the server first listens: there is no moment at which only half of it exists.
        self._run(
            [
                *(str(programs.postgres), "--single", "-D", str(unfinished)),
                *("-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"),
                *("-c", f"fsync={self._settings['fsync']}", "postgres"),
            ],
            feed=f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{self._password(APPLICATION)}'\n"
            f"CREATE DATABASE {APPLICATION} OWNER {APPLICATION}\n",
        )
        unfinished.rename(data)

    def _start(self, programs: Programs, lock: IO[bytes]) -> None:
        data = self.home / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        self._socket = make_socket_folder(self.home, self._user)
        for stale in self._socket.glob(".s.PGSQL.*"):
            stale.unlink()
        settings = {
            **self._settings,
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket),
            "unix_socket_permissions": "0700",
            "port": "5432",
        }
        log = self.home / "postgresql.log"
        if log.exists():
            log.replace(log.with_suffix(".log.previous"))
        with open_private(log) as lines:
            self._server = self._popen(
                [
                    *(str(programs.postgres), "-D", str(data)),
                    *(part for name in settings for part in ("-c", f"{name}={settings[name]}")),
                ],
                output=lines,
                inherited=(lock.fileno(),),
            )

    def _wait_until_ready(self) -> None:
        server, deadline = self._running(), time.monotonic() + self._patience.total_seconds()
        while True:
            try:
                psycopg.connect(_conninfo(self.url), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if server.poll() is not None:
                    raise PostgresUnavailable(
                        f"PostgreSQL did not start: {_last_line(self.home / 'postgresql.log')}; "
                        f"see {self.home / 'postgresql.log'}"
                    ) from error
                if "password authentication failed" in str(error):
                    raise PostgresUnavailable(
                        f"the password files in {self.home} do not fit its data: put back "
                        "those that do, or move the folder away to start empty"
                    ) from error
                if time.monotonic() > deadline:
                    raise PostgresUnavailable(
                        f"PostgreSQL was not ready after {self._patience}: "
                        f"see {self.home / 'postgresql.log'}"
                    ) from error
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _stop(self) -> None:
        server = self._running()
        # Fast (clients are sent away), immediate (recovery at the next start), then by force.
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if server.poll() is None:
                server.send_signal(request)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                continue
            break
        self._server = None
        if self._socket is not None and self._socket.exists():
            shutil.rmtree(self._socket)

    def _run(self, command: Sequence[str], *, feed: str = "") -> None:
        """Run one program as the server's user to its end."""
        with self._popen(command, output=subprocess.PIPE, feed=True) as program:
            try:
                told, _ = program.communicate(feed.encode(), self._patience.total_seconds())
            except subprocess.TimeoutExpired as error:
                program.kill()
                raise PostgresUnavailable(
                    f"{Path(command[0]).name} did not end within {self._patience}: "
                    "look at the load of this machine, then start again"
                ) from error
        if program.returncode != 0:
            lines = told.decode(errors="replace").strip().splitlines()
            complaint = next((line for line in lines if "FATAL" in line or "error" in line), "")
            raise PostgresUnavailable(
                f"{Path(command[0]).name} failed: {complaint or ' '.join(lines[-1:])}"
            )

    def _popen(
        self,
        command: Sequence[str],
        *,
        output: IO[bytes] | int,
        inherited: Sequence[int] = (),
        feed: bool = False,
    ) -> subprocess.Popen[bytes]:
        user = self._user
        return subprocess.Popen(  # noqa: S603 - a program found on this machine, arguments of our own
            command,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            # None of our secrets; PG* variables would redirect the programs.
            env={
                "LC_ALL": "C",
                "PATH": os.defpath,
                **{k: v for k, v in os.environ.items() if k in {"LD_LIBRARY_PATH", "TZ"}},
            },
            pass_fds=inherited,
            # A session of its own: Ctrl-C is for us, who then stop the server last.
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - Linux has no other way; calls libc only
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._server is None:
            raise RuntimeError("the server is not running: enter the context first")
        return self._server

    def _url(self, role: str) -> str:
        self._running()
        return URL.create(
            "postgresql+psycopg",
            username=role,
            password=self._password(role),
            database=APPLICATION,
            query={"host": str(self._socket), "port": "5432"},
        ).render_as_string(hide_password=False)

    def _password(self, role: str) -> str:
        return self._password_file(role).read_text()

    def _password_file(self, role: str) -> Path:
        return self.home / f"{role}.password"


def _end_with(owner: int) -> Callable[[], None] | None:
    """Make what a child does before it runs its program: ask to be stopped when its owner ends.

    None where the system cannot; there the next start says that the earlier server still runs.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        # After the change of user, which would clear it.
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != owner:  # it ended in between, and nobody would tell us
            os._exit(1)

    return ask


def _made_by(data: Path) -> int | None:
    """Tell which major version made the data; None when there is none."""
    version = data / "PG_VERSION"
    if not data.exists():
        return None
    try:
        return int(version.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise PostgresUnavailable(
            f"{data} is not a PostgreSQL data folder: move it away, or choose another folder"
        ) from error


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it said nothing"])[-1]


def _conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _on_or_off(wanted: bool) -> str:  # noqa: FBT001 - it is the value, not a switch
    return "on" if wanted else "off"
