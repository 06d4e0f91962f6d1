"""Becomes another program that ends with the process which started it, even if that is killed.

    python tether.py <pid of the starter> <program> <arguments...>

A step of its own, because code between fork and exec is not safe in a process that has threads.
Linux tethers to the starter's *thread*: start it from one that lives as long as the program shall.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(starter: int, program: str, *arguments: str) -> None:
    """Replace this process by `program`."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:
        # It ended before the tether held.
        sys.exit(1)
    os.execv(program, [program, *arguments])  # noqa: S606  # to become it is the purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
