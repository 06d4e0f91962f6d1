"""How the module reaches a terminal: one in this process, or one served by another."""

from dataclasses import dataclass
from typing import Any, Protocol

from mt5_simulator.face import constants

SUCCESS = (constants.RES_S_OK, "Success")
NO_CONNECTION = (constants.RES_E_INTERNAL_FAIL_CONNECT, "No IPC connection")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a value of plain data, and the error to remember.

    `value` is None when the call failed. `wait_seconds` is how long the terminal kept it back; None
    means that it never lets go of it.
    """

    value: Any
    error: tuple[int, str] = SUCCESS
    wait_seconds: float | None = 0.0


class Link(Protocol):
    """A way to a terminal. A lost one answers every call with an error; it does not raise."""

    def ask(self, call: str, details: dict[str, Any]) -> Reply:
        """Put one call to the terminal and wait for its reply."""
        ...

    def close(self) -> None:
        """Let go. The terminal lives on."""
        ...
