"""`python -m deploy.windows.build [FOLDER]`: lays out the bridge for Windows, on any system.

The folder holds everything: the official Windows Python, every wheel, the bridge, and the scripts
that install it. The trading machine needs no Python, no package index and no compiler. All of it is
pinned by hash, and the same sources give the same archive, byte for byte.
"""

import shutil
import subprocess
import sys
import tarfile
import tomllib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parents[1]
DEFAULT = PROJECT / "dist" / "countersign-bridge-windows"
PYTHON_LOCK = FOLDER / "python.lock"
PACKAGES_LOCK = FOLDER / "requirements.lock"
SCRIPTS = ("install.ps1", "uninstall.ps1", "stop.ps1", "task.xml", "bridge.template.toml")
# Where Windows Python finds modules, from its own folder: the only such list it reads.
PATH = ("python312.zip", ".", r"..\packages", r"..\bridge")

_PYTHON_IN_ARCHIVE = "cp312/"
# The bridge's command for a person, beside its settings: %~dp0 is the folder that this is in.
_COMMAND = '@"%~dp0python\\python.exe" -m countersign_bridge --config "%~dp0..\\bridge.toml" %*\r\n'
# The earliest time an archive can name.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class CannotBuild(Exception):
    """Something pinned cannot be had, or is not what it should be."""


def main() -> int:
    """Build the folder and its archive and return the exit status."""
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else DEFAULT
    try:
        build(folder)
    except CannotBuild as error:
        print(f"windows: {error}", file=sys.stderr)  # noqa: T201  # the command's own voice
        return 1
    archive = archived(folder)
    print(f"windows: {folder} and {archive.name}")  # noqa: T201  # the command's own voice
    return 0


def build(folder: Path) -> None:
    """Lay out the whole folder anew. Raises CannotBuild."""
    shutil.rmtree(folder, ignore_errors=True)
    program = folder / "program"
    program.mkdir(parents=True)
    make_python(program / "python")
    make_packages(program / "packages")
    make_bridge(program)
    for name in SCRIPTS:
        shutil.copyfile(FOLDER / name, folder / name)
    shutil.copyfile(PROJECT / "docs" / "windows.md", folder / "README.md")


def make_python(folder: Path, *more: str) -> None:
    """Unpack the official Windows CPython; `more` are folders where it finds modules, too."""
    with TemporaryDirectory() as downloads:
        _download(PYTHON_LOCK, Path(downloads), "--no-binary=:all:")
        (archive,) = Path(downloads).glob("*.tar.gz")
        with tarfile.open(archive) as files:
            (member,) = (name for name in files.getnames() if name.endswith("/data.zip"))
            data = files.extractfile(member)
            if data is None:
                raise CannotBuild(f"{archive.name} holds no Python: check {PYTHON_LOCK.name}")
            content = data.read()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ZipFile(BytesIO(content)) as files:
        for name in files.namelist():
            if name.startswith(_PYTHON_IN_ARCHIVE) and not name.endswith("/"):
                (folder / Path(name).name).write_bytes(files.read(name))
    (folder / "python312._pth").write_text("\n".join((*PATH, *more)) + "\n")


def make_packages(folder: Path) -> None:
    """Unpack the wheels that the bridge requires into one folder."""
    shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory() as downloads:
        _download(
            PACKAGES_LOCK,
            Path(downloads),
            *("--only-binary=:all:", "--platform=win_amd64", "--implementation=cp"),
            "--python-version=3.12",
        )
        for wheel in sorted(Path(downloads).glob("*.whl")):
            with ZipFile(wheel) as files:
                files.extractall(folder)  # noqa: S202  # wheels known by their hashes


def make_bridge(program: Path) -> None:
    """Copy the bridge, the guards' rules and the contract as they are in this project."""
    folder = program / "bridge"
    shutil.rmtree(folder, ignore_errors=True)
    leave_out = shutil.ignore_patterns("__pycache__")
    for own in ("bridge/countersign_bridge", "guards/countersign_guards"):
        shutil.copytree(PROJECT / own, folder / Path(own).name, ignore=leave_out)
    shutil.copytree(PROJECT / "proto" / "gen", folder, ignore=leave_out, dirs_exist_ok=True)
    (program / "countersign-bridge.cmd").write_bytes(_COMMAND.encode())


def archived(folder: Path) -> Path:
    """Pack a folder into a zip beside it, named after the version, and return that."""
    project = tomllib.loads((PROJECT / "bridge" / "pyproject.toml").read_text())["project"]
    archive = folder.with_name(f"countersign-bridge-{project['version']}-windows.zip")
    with ZipFile(archive, "w", ZIP_DEFLATED) as files:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = ZipInfo(path.relative_to(folder).as_posix(), _NO_TIME)
            entry.compress_type = ZIP_DEFLATED
            files.writestr(entry, path.read_bytes())
    return archive


def _download(lock: Path, folder: Path, *options: str) -> None:
    said = subprocess.run(  # noqa: S603  # our own arguments
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"),
            *("--disable-pip-version-check", "--requirement", str(lock), "--dest", str(folder)),
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        why = (said.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise CannotBuild(f"what {lock.relative_to(PROJECT)} pins cannot be downloaded: {why}")


if __name__ == "__main__":
    sys.exit(main())
