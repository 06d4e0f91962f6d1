"""Child processes that end with us, whatever becomes of us."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 15.0


class StartFailed(Exception):
    """A part did not come up; the message says which, and shows the end of its log."""


class Child:
    """One part of the stack, with its log."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                # Its own group: ctrl-C reaches us alone, and we end the parts in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  # before any thread of ours exists
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until `holds()`. Raises StartFailed if the process or the time ends first."""
        wait_until(
            holds, seconds, f"{self.name}: {what}", alive=lambda: self.is_alive, log=self.log
        )

    def stop(self) -> None:
        """End it and wait; kill it if it does not."""
        if self.is_alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def only_one_in(directory: Path) -> TextIO | None:
    """Take the folder for as long as this process lives; None: another process has it."""
    lock = (directory / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def wait_until(
    holds: Callable[[], bool],
    seconds: float,
    what: str,
    *,
    alive: Callable[[], bool] = lambda: True,
    log: Path | None = None,
) -> None:
    """Wait until `holds()`, looking twenty times a second. Raises StartFailed."""
    deadline = time.monotonic() + seconds
    while not holds():
        if not alive() or time.monotonic() > deadline:
            why = "it has ended" if not alive() else f"not within {seconds:g} s"
            raise StartFailed(f"{what}: {why}\n{tail(log) if log else ''}".rstrip())
        time.sleep(0.05)


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
