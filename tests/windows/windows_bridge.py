"""The bridge as it runs under Windows Python."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.windows.windows_python import (
    python_command,
    run_python,
    windows_path,
    wine_environment,
)

STARTER = Path(__file__).with_name("starter.py")
EXIT_PATIENCE_S = 60
# Wine on a busy machine takes ten seconds to start two Pythons.
PATIENCE_S = 120


def command(
    *arguments: str, environment: Mapping[str, str], state_dir: Path
) -> subprocess.CompletedProcess[str]:
    """Run one command of the bridge under Windows Python and return what it said."""
    state = {"COUNTERSIGN_BRIDGE_STATE_DIR": windows_path(state_dir)}
    return run_python(
        "-X", "utf8", "-m", "countersign_bridge", *arguments, environment={**environment, **state}
    )


def wait(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.05)


class WindowsBridge:
    """A running bridge; killed at the end if it has not ended."""

    def __init__(
        self, state_dir: Path, *environments: Mapping[str, str], crash_at: str = ""
    ) -> None:
        self._state = windows_path(state_dir)
        self._said: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603  # our own
            python_command(windows_path(STARTER), "run"),
            env=wine_environment(
                *environments,
                {
                    "COUNTERSIGN_BRIDGE_STATE_DIR": self._state,
                    "COUNTERSIGN_BRIDGE_CRASH_AT": crash_at,
                },
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stderr):
            if stream is not None:
                stream.close()

    @property
    def said(self) -> str:
        """What it logged so far."""
        return "".join(self._said)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        if self.process.stdin is None:
            raise AssertionError("its input is a pipe")
        self.process.stdin.write("stop\n")
        self.process.stdin.flush()
        return self.ended()

    def ended(self) -> int:
        """Wait for it to end and return its exit code."""
        code = self.process.wait(EXIT_PATIENCE_S)
        self._reader.join(EXIT_PATIENCE_S)
        return code

    def kill(self) -> None:
        """End it as a crash would, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.ended()

    def terminal_processes(self) -> list[int]:
        """Return this system's numbers of the bridge's terminal processes that run."""
        return [
            number
            for number in processes_of("countersign_bridge.terminal.process")
            if _text(number, "environ").count(f"STATE_DIR={self._state}\0")
        ]

    def _listen(self) -> None:
        for line in self.process.stderr or ():
            self._said.append(line)


def processes_of(*words: str) -> list[int]:
    """Return this system's numbers of the processes whose command line holds all words."""
    numbers = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    return [number for number in numbers if all(word in _text(number, "cmdline") for word in words)]


def _text(number: int, file: str) -> str:
    try:
        return Path(f"/proc/{number}/{file}").read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
