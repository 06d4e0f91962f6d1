"""Who runs the server of a data folder, told by two locks and by files that only the owner reads.

owner.lock    held by the process that runs the server
server.lock   inherited by every process of the server: free only once all of them are gone.
Whoever gets it knows that a postmaster.pid that still lies there is stale,
whatever process has that number by now.
"""

import fcntl
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import IO

from countersign_server.database.privileges import PostgresUnavailable

_POLL_SECONDS = 0.02


def owner_lock(path: Path) -> IO[bytes]:
    """Become the one owner, until the returned file is closed."""
    file = open_private(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = file.read(20).decode().strip()
        file.close()
        raise PostgresUnavailable(
            f"process {owner} already runs the database in {path.parent}: "
            "stop it first, or choose another folder"
        ) from error
    file.truncate()
    file.write(str(os.getpid()).encode())
    file.flush()
    return file


def server_lock(path: Path, patience: timedelta) -> IO[bytes]:
    """Take the lock that a server holds, waiting for one whose owner has just gone."""
    file = open_private(path)
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                file.close()
                raise PostgresUnavailable(
                    f"PostgreSQL of an earlier run still uses {path.parent}: stop the process in "
                    f"the first line of {path.parent / 'data' / 'postmaster.pid'} with kill -INT"
                ) from error
            time.sleep(_POLL_SECONDS)
        else:
            return file


def open_private(path: Path) -> IO[bytes]:
    """Open for reading and writing a file that nobody else can read; make it if need be."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")


def write_private(path: Path, secret: str) -> None:
    """Put `secret` in a new file that nobody else can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
