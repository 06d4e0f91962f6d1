"""Named places where a test may make this process die, as a power cut would.

Inert unless the server was told a name at its start, and then only at the n-th time it gets there.
"""

import os
from collections.abc import Callable
from enum import StrEnum
from typing import NoReturn

EXIT_CODE = 86


class CrashPoint(StrEnum):
    """The windows in which a crash has a meaning of its own, in the order of a signal's life."""

    BEFORE_INGEST = "before-ingest-commit"
    AFTER_INGEST = "after-ingest-commit"  # stored, and the strategy has no answer
    BEFORE_APPROVAL = "before-approval-commit"
    AFTER_APPROVAL = "after-approval-commit"  # the command exists, and the owner has no answer
    BEFORE_GRANT = "before-grant-commit"
    AFTER_GRANT = "after-grant-commit"  # granted, and nobody will ever be told
    AFTER_GRANT_SAID = "after-grant-said"  # whether the bridge still hears it is luck
    BEFORE_REPORT = "before-report-commit"
    AFTER_REPORT = "after-report-commit"  # stored, and it will be told again
    BEFORE_ACK = "before-ack"


class UnknownCrashPoint(ValueError):
    """There is no such place; the message lists those there are."""


_armed: CrashPoint | None = None
_passes_left = 0


def parsed(text: str) -> tuple[CrashPoint, int]:
    """Return the place and the pass that `label[:n]` names. Raises UnknownCrashPoint."""
    label, _, count = text.partition(":")
    passes = int(count) if count.isdecimal() else 0 if count else 1
    if label not in set(CrashPoint) or passes < 1:
        known = ", ".join(CrashPoint)
        raise UnknownCrashPoint(f"{text!r} is not one of {known}, with :n for the n-th time")
    return CrashPoint(label), passes


def arm(text: str) -> None:
    """Die at the place that `label[:n]` names; empty: nowhere. Raises UnknownCrashPoint."""
    global _armed, _passes_left  # the process's own end
    _armed, _passes_left = parsed(text) if text else (None, 0)


def reach(point: CrashPoint, when: Callable[[], bool] = lambda: True) -> None:
    """Die here if this is the place, without any farewell: no flush, no handler, no `finally`.

    `when` says whether this pass counts; it is asked only where the place is armed.
    """
    if point is _armed and when():
        _pass()


def _pass() -> None:
    global _passes_left  # noqa: PLW0603  # the process's own count of arrivals
    _passes_left -= 1
    if _passes_left == 0:
        _die()


def _die() -> NoReturn:
    os._exit(EXIT_CODE)
