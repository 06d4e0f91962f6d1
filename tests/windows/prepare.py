"""`python -m tests.windows.prepare`: makes what the tests here run in.

Wine, a prefix of its own, and the bridge's folder for Windows, as it is shipped. What is there
already and was made from the same pins is kept; the bridge itself is copied each time.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from deploy.windows import build
from tests.windows import random_library
from tests.windows.windows_python import HOME, PREFIX, PROGRAM, run_python, wine

FOLDER = Path(__file__).resolve().parent
BUILD = Path(build.__file__)
# The simulator is no part of what is shipped; the tests' Python finds it in the project.
_SIMULATOR = r"..\..\..\..\simulator"


class CannotPrepare(Exception):
    """Something is missing that this cannot get; the message says what to do."""


def main() -> int:
    """Make what is missing and return the exit status."""
    try:
        _ensure_wine()
        PROGRAM.mkdir(parents=True, exist_ok=True)
        _once("prefix", _made_from(FOLDER / "random_library.py"), _make_prefix)
        pins = _made_from(build.PYTHON_LOCK, BUILD, Path(__file__))
        _once("python", pins, lambda: build.make_python(PROGRAM / "python", _SIMULATOR))
        pins = _made_from(build.PACKAGES_LOCK, BUILD)
        _once("packages", pins, lambda: build.make_packages(PROGRAM / "packages"))
        build.make_bridge(PROGRAM)
    except (CannotPrepare, build.CannotBuild) as error:
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
            why = (said.stderr.strip().splitlines() or ["nothing"])[-1]
            raise CannotPrepare(f"{advice}; apt-get said: {why}")


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


if __name__ == "__main__":
    sys.exit(main())
