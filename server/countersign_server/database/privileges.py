"""The user that PostgreSQL runs as, and the folders that this user can reach.

PostgreSQL refuses to run as root. When root starts us (a container, mostly), the server is given to
an unprivileged user.
"""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

# The first that exists runs the server when we are root.
_UNPRIVILEGED = ("postgres", "nobody")


class PostgresUnavailable(Exception):
    """PostgreSQL cannot be run here; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user that the server runs as, where that is not simply us."""

    name: str
    uid: int
    gid: int


def server_user(data_folders: tuple[Path, ...]) -> ServerUser | None:
    """Find whom to run PostgreSQL as; None: as ourselves.

    Existing data stays with its owner.
    Raises PostgresUnavailable when we may not become that user, or there is none.
    """
    owner = next((folder.stat().st_uid for folder in data_folders if folder.exists()), 0)
    us = os.geteuid()
    if us != 0:
        if owner in (0, us):
            return None
        raise PostgresUnavailable(
            f"the data in {data_folders[0]} belong to user id {owner}: start as that user"
        )
    for entry in pwd.getpwall():
        if owner and entry.pw_uid == owner:
            return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PostgresUnavailable(
        "PostgreSQL refuses to run as root and there is no user 'postgres' or 'nobody': "
        "add one (useradd --system postgres), or start as another user"
    )


def reaches(user: ServerUser, path: Path) -> bool:
    """Tell whether `user` can enter `path` (a folder) or run it (a file), by mode bits alone."""
    resolved = path.resolve()
    return all(_may_execute(user, step.stat()) for step in (resolved, *resolved.parents))


def _may_execute(user: ServerUser, status: os.stat_result) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def settle_home(wanted: Path, user: ServerUser | None, elsewhere: Path) -> Path:
    """Make and return the folder that everything of this server lives in.

    It is `wanted`, unless `user` cannot reach that: then one below `elsewhere`, always the same for
    the same `wanted`, which gets a note of it.
    Raises PostgresUnavailable when existing data cannot be reached.
    """
    if user is None:
        _make(wanted, mode=0o700)
        return wanted
    fallback = fallback_home(wanted, elsewhere)
    if not (fallback / "data").exists():
        if not wanted.exists():
            _make(wanted, mode=0o711)
            # Whatever our umask took away.
            wanted.chmod(0o711)
        if reaches(user, wanted):
            return wanted
        if (wanted / "data").exists():
            raise PostgresUnavailable(
                f"the user {user.name} that PostgreSQL runs as cannot reach {wanted}: "
                "let it pass (chmod o+x) through each folder on the way"
            )
    make_private_place(elsewhere)
    make_private_place(fallback)
    _make(wanted, mode=0o711)
    (wanted / "MOVED").write_text(
        f"The user {user.name} cannot reach this folder. The data are in {fallback}\n"
    )
    return fallback


def fallback_home(wanted: Path, elsewhere: Path) -> Path:
    """Name the folder that stands in for `wanted`."""
    return elsewhere / hashlib.sha256(bytes(wanted.resolve())).hexdigest()[:16]


def make_private_place(folder: Path) -> None:
    """Make a folder of ours that others may pass through and not look into.

    Raises PostgresUnavailable when the place is not ours: whoever owned it could exchange what we
    put there.
    """
    _make(folder, mode=0o711)
    _refuse_foreign(folder, allowed={os.geteuid()})


def make_socket_folder(home: Path, user: ServerUser | None) -> Path:
    """Make the folder for the server's socket, closed to everybody but `user`.

    It is in `home`, unless the path would be too long for a socket.
    """
    folder = home / "socket"
    # The shortest limit of the systems that we run on is 104 bytes with the closing zero (macOS).
    if len(bytes(folder.absolute() / ".s.PGSQL.5432")) > 103:  # noqa: PLR2004 - explained above
        digest = hashlib.sha256(bytes(home.resolve())).hexdigest()[:16]
        folder = Path("/tmp") / f"countersign-{digest}"  # noqa: S108 - its owner is checked below
    owner = user.uid if user else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _refuse_foreign(folder, allowed={owner, os.geteuid()})
    give(folder, user)
    return folder


def give(path: Path, user: ServerUser | None) -> None:
    """Give `path` to the server's user."""
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _make(folder: Path, *, mode: int) -> None:
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise PostgresUnavailable(
            f"{folder} cannot be made ({error.strerror}): choose another data folder, one that "
            "we can write to and the user that PostgreSQL runs as can reach"
        ) from error


def _refuse_foreign(folder: Path, *, allowed: set[int]) -> None:
    status = folder.lstat()
    if (
        not stat.S_ISDIR(status.st_mode)
        or status.st_uid not in allowed
        or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        raise PostgresUnavailable(
            f"{folder} is not a folder that only we can change: remove it, then start again"
        )
