"""The program's end of a connection to a served terminal."""

import os
import socket
from typing import Any

from mt5_simulator.face import constants
from mt5_simulator.face.arguments import Refused
from mt5_simulator.face.links import Link, Reply
from mt5_simulator.served import wire
from mt5_simulator.served.address import Address, parsed_address
from mt5_simulator.served.holding import wait_holding_the_interpreter

CONNECT_SECONDS = 5.0

HOLDS_VARIABLE = "MT5_SIMULATOR_HOLDS_INTERPRETER"
"""Set to anything: a call stops every other thread of the program, as the real package's do."""

SEND_FAILED = (constants.RES_E_INTERNAL_FAIL_SEND, "IPC send failed")
REPLY_LOST = (constants.RES_E_INTERNAL_FAIL_RECEIVE, "IPC recv failed")


class ControlRefused(Exception):
    """The served terminal says no to a control message, and why."""


def connected(address: Address) -> socket.socket:
    """Return a socket connected to a served terminal. Raises OSError when nobody listens."""
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(address.name)
    except OSError:
        connection.close()
        raise
    # The real package waits for a reply without any limit, and so does this.
    connection.settimeout(None)
    return connection


def open_socket(address: str) -> Link:
    """Return a link to the terminal served at `address`.

    Raises Refused, as `initialize` is when the terminal's pipe does not open.
    """
    try:
        return SocketLink(connected(parsed_address(address)))
    except (OSError, ValueError) as error:
        raise Refused(
            f"IPC initialize failed, {error}", constants.RES_E_INTERNAL_FAIL_INIT
        ) from error


class SocketLink:
    """The way to a terminal in another process. When that dies, calls fail as on a broken pipe."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rwb")
        self._is_broken = False

    def ask(self, call: str, details: dict[str, Any]) -> Reply:
        if self._is_broken:
            return Reply(None, SEND_FAILED)
        try:
            wire.write(self._stream, {"call": call, "details": details})
        except OSError:
            return self._broken(SEND_FAILED)
        if os.environ.get(HOLDS_VARIABLE):
            wait_holding_the_interpreter(self._connection)
        try:
            message = wire.read(self._stream)
        except (OSError, ValueError):
            return self._broken(REPLY_LOST)
        if message is None:
            return self._broken(REPLY_LOST)
        if "refused" in message:
            return Reply(None, (constants.RES_E_FAIL, message["refused"]))
        code, text = message["error"]
        return Reply(message["value"], (code, text))

    def close(self) -> None:
        """Hang up. The terminal, and the broker behind it, live on."""
        # Closing writes out what is buffered, which a broken pipe no longer takes.
        try:
            self._stream.close()
        except OSError:
            self._is_broken = True
        self._connection.close()

    def _broken(self, error: tuple[int, str]) -> Reply:
        self._is_broken = True
        return Reply(None, error)


def control(address: Address, operation: str, details: dict[str, Any]) -> Any:  # noqa: ANN401
    """Carry out a control operation on a served terminal and return its plain result.

    Raises ControlRefused when it says no, and OSError when it cannot be reached.
    """
    try:
        connection = connected(address)
    except (ConnectionRefusedError, FileNotFoundError) as error:
        raise ConnectionError(
            f"nobody serves a terminal at {address}: start one with "
            f"'mt5-simulator serve --listen {address}', or name another --at"
        ) from error
    with connection, connection.makefile("rwb") as stream:
        wire.write(stream, {"control": operation, "details": details})
        message = wire.read(stream)
    if message is None:
        raise ConnectionError(f"the terminal at {address} hung up")
    if "refused" in message:
        raise ControlRefused(message["refused"])
    return message["value"]
