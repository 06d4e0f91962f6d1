"""Waiting for a reply the way the real package does: with the whole interpreter standing still.

The real package never lets go of Python's interpreter lock. While a call waits for its terminal no
other thread of the program runs: no heartbeat, no timer, no watchdog.
"""

import ctypes
import socket

_POLL_IN = 1
_FOR_EVER = -1


class _PollDescriptor(ctypes.Structure):
    _fields_ = (
        ("descriptor", ctypes.c_int),
        ("events", ctypes.c_short),
        ("happened", ctypes.c_short),
    )


def wait_holding_the_interpreter(connection: socket.socket) -> None:
    """Wait until there is something to read, or the other side is gone. POSIX only."""
    waited = _PollDescriptor(connection.fileno(), _POLL_IN, 0)
    # PyDLL calls without letting go of the lock, unlike CDLL.
    ctypes.PyDLL(None).poll(ctypes.byref(waited), 1, _FOR_EVER)
