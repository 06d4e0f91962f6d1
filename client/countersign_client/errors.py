"""Every way a call can fail, as a strategy engine meets it.

CountersignError
  Invalid          the request can never succeed as written
  Unauthenticated  the server does not know who is asking
  Forbidden        this caller may not ask it
  NotFound         it names something that does not exist, or that the caller may not see
  Conflict         it contradicts what is already recorded
  NotNow           it is right, and the state of things does not allow it
  Exhausted        there is too much of it at the moment; nothing was done
  Unavailable      the call was not carried out: nothing answers
  Doubt            the call may or may not have been carried out: look, then conclude
  Unsupported      the server does not do it in its version
  ServerFault      a bug in the server; its request id is in the metadata

A class is a thing that a caller can act on. `reason` is the server's permanent upper-case reason,
or one of this SDK's: UNREACHABLE, NO_ANSWER, REPLAY_WINDOW_OVER, KEY_UNREADABLE, VALUE_REFUSED,
WATCH_INTERRUPTED, ANSWER_INCOMPLETE.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Code(IntEnum):
    """google.rpc.Code: what kind of answer it was."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class CountersignError(Exception):
    """Base of all errors of this SDK.

    `metadata` are the facts the server gave, `request_id` among them; `violations` are messages by
    field path.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        reason: str,
        metadata: Mapping[str, str] = MappingProxyType({}),
        violations: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = metadata
        self.violations = violations


class Invalid(CountersignError):
    """The request can never succeed as written."""


class Unauthenticated(CountersignError):
    """The server does not know who is asking."""


class Forbidden(CountersignError):
    """The caller may not ask it."""


class NotFound(CountersignError):
    """It names something that does not exist, or that the caller may not see."""


class Conflict(CountersignError):
    """It contradicts what is already recorded."""


class NotNow(CountersignError):
    """It is right, and the state of things does not allow it."""


class Exhausted(CountersignError):
    """There is too much of it at the moment; nothing was done."""


class Unavailable(CountersignError):
    """The call was not carried out: nothing answers."""


class Doubt(CountersignError):
    """The call may or may not have been carried out.

    After `Client.submit`: the signal may or may not be stored. Look with `Client.find`, or submit
    the same Signal again, which is signed anew: the server tells a repeat by external id and
    content, so it counts once either way.
    """


class Unsupported(CountersignError):
    """The server does not do it in its version."""


class ServerFault(CountersignError):
    """A bug in the server; report it with the request id in the metadata."""


def invalid_value(message: str, *, field: str) -> Invalid:
    """Return the error of a value that this SDK refuses before anything is sent."""
    return Invalid(
        message,
        code=Code.INVALID_ARGUMENT,
        reason="VALUE_REFUSED",
        metadata={"field": field},
        violations={field: message},
    )
