"""`python -m tests.windows.prepare`: makes the Windows Python that the tests here run in.

Wine, a prefix of its own, the official Windows CPython, and the wheels for Windows, all pinned by
hash. What is there already and was made from the same pins is kept.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from tests.windows import random_library
from tests.windows.windows_python import HOME, PACKAGES, PREFIX, PROJECT, PYTHON, run_python, wine

FOLDER = Path(__file__).resolve().parent
PYTHON_LOCK = FOLDER / "python.lock"
PACKAGES_LOCK = PROJECT / "deploy" / "windows" / "requirements.lock"

# Where Windows Python finds modules, from its own folder: the only such list it reads.
_PATH = (
    *("python312.zip", ".", r"..\packages"),
    *(r"..\..\bridge", r"..\..\proto\gen", r"..\..\simulator"),
)
_PYTHON_IN_ARCHIVE = "cp312/"


class CannotPrepare(Exception):
    """Something is missing that this cannot get; the message says what to do."""


def main() -> int:
    """Make what is missing and return the exit status."""
    try:
        _ensure_wine()
        HOME.mkdir(exist_ok=True)
        _once("prefix", _made_from(FOLDER / "random_library.py"), _make_prefix)
        _once("python", _made_from(PYTHON_LOCK, Path(__file__)), _make_python)
        _once("packages", _made_from(PACKAGES_LOCK), _make_packages)
    except CannotPrepare as error:
        _say(str(error))
        return 1
    version = run_python("-c", "import sys; print(sys.version, end='')")
    if version.returncode:
        _say(f"Python does not start:\n{version.stderr}")
        return 1
    _say(f"{version.stdout}, in {HOME.name}/")
    return 0


def _say(what: str) -> None:
    print(f"windows: {what}", flush=True)  # noqa: T201  # the command's own voice


def _ensure_wine() -> None:
    if shutil.which("wine"):
        return
    advice = "Wine is needed: install it ('apt-get install wine' as root), then run this again"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotPrepare(advice)
    _say("installing Wine")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], ["apt-get", "install", "--yes", "wine"]):
        said = subprocess.run(  # noqa: S603  # as written above
            step, env=environment, capture_output=True, text=True, check=False
        )
        # An index that cannot be renewed may still do; a package that is not installed does not.
        if said.returncode and "install" in step:
            raise CannotPrepare(f"{advice}; apt-get said:\n{said.stderr.strip()}")


def _once(name: str, pins: str, make: Callable[[], None]) -> None:
    """Make a part unless it was made from the same pins; a part half made is made again."""
    ready = HOME / f"{name}.ready"
    if ready.is_file() and ready.read_text() == pins:
        return
    _say(f"making {name}")
    ready.unlink(missing_ok=True)
    make()
    ready.write_text(pins)


def _made_from(*files: Path) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _make_prefix() -> None:
    shutil.rmtree(PREFIX, ignore_errors=True)
    try:
        wine(["wineboot", "--init"])
        # Python refuses what Wine pretends to be at first, Windows 7.
        wine(["winecfg", "-v", "win10"])
        wine(["wineserver", "--wait"])
    except (subprocess.SubprocessError, OSError) as error:
        raise CannotPrepare(f"Wine does not start: {error}") from error
    system = PREFIX / "drive_c" / "windows" / "system32"
    if not (system / random_library.NAME).exists():
        (system / random_library.NAME).write_bytes(random_library.library())


def _make_python() -> None:
    with TemporaryDirectory(dir=HOME) as folder:
        _download(PYTHON_LOCK, Path(folder), "--no-binary=:all:")
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as files:
            (member,) = (name for name in files.getnames() if name.endswith("/data.zip"))
            data = files.extractfile(member)
            if data is None:
                raise CannotPrepare(f"{archive.name} holds no Python: check {PYTHON_LOCK.name}")
            content = data.read()
    _unpack_python(content)
    (PYTHON / "python312._pth").write_text("\n".join(_PATH) + "\n")


def _unpack_python(content: bytes) -> None:
    shutil.rmtree(PYTHON, ignore_errors=True)
    PYTHON.mkdir()
    with ZipFile(BytesIO(content)) as files:
        for name in files.namelist():
            if name.startswith(_PYTHON_IN_ARCHIVE) and not name.endswith("/"):
                (PYTHON / Path(name).name).write_bytes(files.read(name))


def _make_packages() -> None:
    shutil.rmtree(PACKAGES, ignore_errors=True)
    with TemporaryDirectory(dir=HOME) as folder:
        _download(
            PACKAGES_LOCK,
            Path(folder),
            *("--only-binary=:all:", "--platform=win_amd64", "--implementation=cp"),
            "--python-version=3.12",
        )
        for wheel in Path(folder).glob("*.whl"):
            with ZipFile(wheel) as files:
                files.extractall(PACKAGES)  # noqa: S202  # wheels known by their hashes


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
        wrong = f"what {lock.relative_to(PROJECT)} pins cannot be downloaded"
        raise CannotPrepare(f"{wrong}; pip said:\n{said.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
