"""A program's connection to a terminal in the same process."""

from typing import Any

from mt5_simulator.face.links import Reply
from mt5_simulator.terminal.answers import answer
from mt5_simulator.terminal.terminal import Terminal


def ask(terminal: Terminal, call: str, details: dict[str, Any]) -> Reply:
    """Put a call to a terminal, one at a time. A wait in the reply is the caller's to keep."""
    with terminal.lock:
        if terminal.pipe_error is not None and call != "initialize":
            return Reply(None, terminal.pipe_error)
        return answer(terminal, call, details)


class TerminalLink:
    """The way from the module's functions to a terminal beside them."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def ask(self, call: str, details: dict[str, Any]) -> Reply:
        reply = ask(self._terminal, call, details)
        if reply.wait_seconds != 0.0:
            self._terminal.clock.wait(reply.wait_seconds)
        return reply

    def close(self) -> None:
        """Let go. The terminal lives on."""
