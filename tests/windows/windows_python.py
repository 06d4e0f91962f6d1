"""A Windows Python on this machine: Wine in a folder of the project, and programs run in it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HOME = PROJECT / ".wine"
PREFIX = HOME / "prefix"
PROGRAM = HOME / "bridge" / "program"
PYTHON = PROGRAM / "python"

RUN_PATIENCE_S = 240


def windows_path(path: Path) -> str:
    r"""Return what a program under Wine calls a file here; its drive Z: is this system's root."""
    return "Z:" + str(path).replace("/", "\\")


def wine_environment(*environments: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with Wine's own settings and `environments`."""
    environment = {**os.environ, "WINEPREFIX": str(PREFIX), "WINEDEBUG": "-all"}
    # Neither .NET nor a browser is needed; without this Wine asks to download them.
    environment["WINEDLLOVERRIDES"] = "mscoree,mshtml="
    environment.pop("DISPLAY", None)
    for more in environments:
        environment.update(more)
    return environment


def wine(arguments: Sequence[str]) -> None:
    """Run one of Wine's own programs. Raises subprocess.CalledProcessError."""
    subprocess.run(  # noqa: S603  # our own arguments
        arguments,
        env=wine_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=RUN_PATIENCE_S,
    )


def python_command(*arguments: str) -> list[str]:
    """Return the command that runs Windows Python."""
    return ["wine", str(PYTHON / "python.exe"), *arguments]


def run_python(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Windows Python to its end and return what it said, with this system's line ends."""
    return run_wine(*python_command(*arguments)[1:], environment=environment)


def run_wine(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a Windows program to its end and return what it said, with this system's line ends."""
    said = subprocess.run(  # noqa: S603  # our own arguments
        ["wine", *arguments],  # noqa: S607  # wherever Wine is installed
        env=wine_environment(environment or {}),
        stdin=subprocess.DEVNULL,
        # Pipes: Wine does not hand a plain file on as output in a way that Python can use.
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_PATIENCE_S,
    )
    said.stdout = said.stdout.replace("\r\n", "\n")
    said.stderr = said.stderr.replace("\r\n", "\n")
    return said
