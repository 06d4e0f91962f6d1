"""Where a served terminal listens: "unix:PATH" or "HOST:PORT" on this machine."""

import socket
from dataclasses import dataclass

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Either a path of a unix socket, or a loopback host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"{self.host}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        if self.path:
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def name(self) -> str | tuple[str, int]:
        """What the socket functions call the address."""
        return self.path or (self.host, self.port)


def parsed_address(text: str) -> Address:
    """Return the address `text` names.

    Raises ValueError for anything but a unix socket or a port of this machine: a simulated broker
    has no business on a network.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise ValueError(
                "address must name a file after unix:, such as unix:/tmp/terminal.sock"
            )
        return Address(path=path)
    host, _, port = text.rpartition(":")
    if host not in LOOPBACK:
        raise ValueError(
            f"address {text!r} must be unix:PATH or 127.0.0.1:PORT; only this machine may connect"
        )
    if not port.isdecimal() or int(port) > PORT_MAX:
        raise ValueError(f"address {text!r} must end in a port between 0 and {PORT_MAX}")
    return Address(host=host, port=int(port))
