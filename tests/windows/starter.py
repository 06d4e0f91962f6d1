"""Runs under Windows Python: the bridge's own command, with somebody who can ask it to end.

`python starter.py ARGUMENTS...` is `countersign-bridge ARGUMENTS...`. A line on the standard input
raises SIGBREAK, which is what Windows makes of Ctrl-Break and of a console that is closed. Wine has
no console without a screen, so the keys themselves are not pressed.
"""

import _thread
import signal
import sys
import threading

from countersign_bridge.cli import main


def _pass_on_break() -> None:
    if sys.stdin.readline():
        _thread.interrupt_main(signal.Signals["SIGBREAK"])


if __name__ == "__main__":
    threading.Thread(target=_pass_on_break, daemon=True).start()
    main()
