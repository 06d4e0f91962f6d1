"""The one connection a process has, and the one error it remembers.

Both are process-wide in the real package: an error one thread causes is read by another, and every
call overwrites it.
"""

import logging
import os
from collections.abc import Callable
from threading import RLock
from typing import Any

from mt5_simulator.face import constants
from mt5_simulator.face.arguments import Refused
from mt5_simulator.face.links import NO_CONNECTION, SUCCESS, Link, Reply

ADDRESS_VARIABLE = "MT5_SIMULATOR_ADDRESS"
ADDRESS_PREFIX = "sim:"

NO_ERROR = (0, "")
"""What `last_error` says before anything has been asked."""

TERMINAL_NOT_FOUND = "IPC initialize failed, MetaTrader 5 x64 not found"


NO_TERMINAL_ADVICE = (
    "initialize finds no simulated terminal: call mt5_simulator.attach(mt5_simulator.simulate()), "
    f"ask for the pytest fixture mt5, or name a served one in {ADDRESS_VARIABLE}"
)

_log = logging.getLogger("mt5_simulator")


class Session:
    """The state behind the module's functions."""

    def __init__(self, open_socket: Callable[[str], Link]) -> None:
        # One call at a time: the real package keeps the interpreter to itself for all of a call.
        self.lock = RLock()
        self.last_error: tuple[int, str] = NO_ERROR
        self._open_socket = open_socket
        self._open_attached: Callable[[], Link] | None = None
        self._link: Link | None = None
        self._has_advised = False

    @property
    def is_connected(self) -> bool:
        """Whether `initialize` has succeeded since the last `shutdown`."""
        return self._link is not None

    def attach(self, open_link: Callable[[], Link] | None) -> None:
        """Make `initialize` connect through `open_link`; None takes that back.

        What an earlier terminal's calls left behind is forgotten.
        """
        self.disconnect()
        self.last_error = NO_ERROR
        self._open_attached = open_link

    def connect(self, path: str | None) -> Link:
        """Connect to the terminal `path` names, or to the attached or configured one.

        Raises Refused with the text the real package gives when there is no terminal.
        """
        self.disconnect()
        if path is not None and path.startswith(ADDRESS_PREFIX):
            self._link = self._open_socket(path.removeprefix(ADDRESS_PREFIX))
        elif self._open_attached is not None:
            # Any other path is ignored, so that a program that names its terminal64.exe runs here.
            self._link = self._open_attached()
        elif address := os.environ.get(ADDRESS_VARIABLE):
            self._link = self._open_socket(address)
        else:
            self._advise()
            failure = TERMINAL_NOT_FOUND
            if path is not None:
                failure = f"IPC initialize failed, Process create failed '{path}'"
            raise Refused(failure, constants.RES_E_INTERNAL_FAIL_INIT)
        return self._link

    def _advise(self) -> None:
        """Say once what the package's own words do not: how this process gets a terminal."""
        if not self._has_advised:
            _log.warning(NO_TERMINAL_ADVICE)
        self._has_advised = True

    def disconnect(self) -> None:
        """Drop the connection, if there is one. The terminal and its orders live on."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def ask(self, call: str, details: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  # plain data
        """Return the terminal's answer and remember its error. None when it failed."""
        reply = self._link.ask(call, details or {}) if self._link else Reply(None, NO_CONNECTION)
        self.last_error = reply.error
        return reply.value

    def refuse(self, refusal: Refused) -> None:
        """Remember why a call was refused before any terminal was asked."""
        self.last_error = (refusal.code, refusal.text)

    def succeed(self) -> None:
        self.last_error = SUCCESS
