"""Runs under Windows Python: starts the bridge in a console of its own, and asks it to end.

`python starter.py ARGUMENTS...` ends with the bridge's exit code. A line on the standard input is
Ctrl-Break, which is how Windows asks a console program to end.
"""

import ctypes
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run the bridge and return its exit code."""
    bridge = subprocess.Popen(
        [sys.executable, "-m", "countersign_bridge", *arguments],
        stdin=subprocess.DEVNULL,
        creationflags=subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW,
    )
    threading.Thread(target=_pass_on_break, args=(bridge,), daemon=True).start()
    return bridge.wait()


def _pass_on_break(bridge: "subprocess.Popen[bytes]") -> None:
    if sys.stdin.readline():
        # Only who shares its console can press its keys.
        ctypes.windll.kernel32.FreeConsole()
        if not ctypes.windll.kernel32.AttachConsole(bridge.pid):
            raise ctypes.WinError()
        bridge.send_signal(signal.CTRL_BREAK_EVENT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
