"""Named places where a test may make this process die, as a power cut would.

Inert unless COUNTERSIGN_BRIDGE_CRASH_AT names one of them. The name may be followed by `:n`: the
process then dies at the n-th time it gets there.
"""

import os
from enum import StrEnum
from typing import NoReturn

VARIABLE = "COUNTERSIGN_BRIDGE_CRASH_AT"
EXIT_CODE = 86


class CrashPoint(StrEnum):
    """The windows in which a crash has a meaning of its own, in the order of an attempt's life."""

    BEFORE_RECEIVED = "before-received-fsync"
    AFTER_RECEIVED = "after-received-fsync"
    AFTER_CLAIM = "after-claim"
    BEFORE_INTENT = "before-intent-fsync"
    AFTER_INTENT = "after-intent-fsync"
    # The request has left for the terminal process, whose answer nobody will read.
    DURING_SEND = "during-send"
    # These two strike the terminal process: the broker has not, or has, been asked.
    BEFORE_ORDER_SEND = "before-order-send"
    AFTER_ORDER_SEND = "after-order-send"
    BEFORE_RESULT = "before-result-fsync"
    AFTER_RESULT = "after-result-fsync"
    AFTER_RESULT_TOLD = "after-result-told"
    BEFORE_DEAL = "before-deal-fsync"
    AFTER_DEAL = "after-deal-fsync"
    # Of the guard's own acts and closings, which no command causes.
    BEFORE_GUARD_ACT = "before-guard-act-fsync"
    AFTER_GUARD_ACT = "after-guard-act-fsync"
    BEFORE_GUARD_CLOSING = "before-guard-closing-fsync"
    AFTER_GUARD_CLOSING = "after-guard-closing-fsync"
    BEFORE_GUARD_CLOSED = "before-guard-closed-fsync"
    AFTER_GUARD_CLOSED = "after-guard-closed-fsync"


_armed, _, _count = os.environ.get(VARIABLE, "").partition(":")
_passes_left = int(_count or "1")


def reach(point: CrashPoint) -> None:
    """Die here if this is the place, without any farewell: no flush, no handler, no `finally`."""
    if point == _armed:
        _pass()


def _pass() -> None:
    global _passes_left  # noqa: PLW0603  # the process's own count of arrivals
    _passes_left -= 1
    if _passes_left == 0:
        _die()


def _die() -> NoReturn:
    os._exit(EXIT_CODE)
