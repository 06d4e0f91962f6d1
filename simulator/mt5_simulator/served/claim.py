"""A name that one process at a time may use: the file of the books, the path of a socket.

The claim is a lock on a file beside it, which the system lifts when its process ends, however it
ends. The file stays: who removed it could remove the lock that another has just taken.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def claimed(path: Path, otherwise: str) -> Generator[None]:
    """Have `path` for this process alone inside the block.

    Raises ValueError, with what to do `otherwise`, while another process has it.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise ValueError(f"{path} is in use by another mt5-simulator: {otherwise}") from error
        yield
    finally:
        os.close(descriptor)
