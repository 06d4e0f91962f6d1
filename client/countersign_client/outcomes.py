"""What became of a signal that was handed in, and when its repeats must stop."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import betterproto

from countersign_client.errors import (
    Code,
    Conflict,
    CountersignError,
    Doubt,
    Exhausted,
    Invalid,
    Unavailable,
)
from countersign_client.wire.countersign.v1 import (
    Signal,
    SignedSignal,
    SubmitResult,
    SubmitSignalResponse,
)

# The server takes a signature for 30 s. The last second is left to clocks and to the way there.
REPEAT_FOR = timedelta(seconds=29)

_TOO_OLD = "SIGNATURE_TOO_OLD"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The signal is durable and counted once."""

    signal: Signal
    signal_id: str
    duplicate: bool  # stored by an earlier call already
    receive_time: datetime
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The signal is not stored."""

    signal: Signal
    code: Code
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows if it is stored: look with `Client.find`, or hand the same Signal in again."""

    signal: Signal
    reason: str
    message: str


Outcome = Accepted | Refused | InDoubt


@dataclass(slots=True)
class Attempted:
    """A signal on its way. `unheard`: it may have arrived, and nothing was heard of it."""

    signal: Signal
    signed: SignedSignal
    unheard: bool = False
    last_error: CountersignError | None = field(default=None)

    @property
    def repeat_until(self) -> datetime:
        """The moment after which the same bytes are no use any more."""
        return datetime.fromtimestamp(self.signed.sent_time_ms / 1000, UTC) + REPEAT_FOR


def accepted(signal: Signal, response: SubmitSignalResponse) -> Accepted:
    """Return what the server's answer says."""
    return Accepted(
        signal,
        response.signal_id,
        response.duplicate,
        response.receive_time,
        response.expire_time,
    )


def outcome_of(attempted: Attempted, result: SubmitResult) -> Outcome | CountersignError:
    """Return what became of one signal of many; an error: send the same bytes again."""
    name, answer = betterproto.which_one_of(result, "outcome")
    if name == "accepted" and isinstance(answer, SubmitSignalResponse):
        return accepted(attempted.signal, answer)
    refusal = result.refused
    code = Code(refusal.code)
    if code in (Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE):
        kind = Exhausted if code is Code.RESOURCE_EXHAUSTED else Doubt
        return kind(refusal.message, code=code, reason=refusal.reason)
    if attempted.unheard and not settles(code, refusal.reason):
        return InDoubt(attempted.signal, refusal.reason, refusal.message)
    return Refused(attempted.signal, code, refusal.reason, refusal.message)


def given_up(attempted: Attempted) -> Refused | InDoubt:
    """Return what is known of a signal whose repeats have ended without an answer."""
    error = attempted.last_error
    message = error.message if error else "no answer came"
    if attempted.unheard:
        return InDoubt(attempted.signal, "REPLAY_WINDOW_OVER", message)
    reason = error.reason if error else "UNREACHABLE"
    return Refused(attempted.signal, error.code if error else Code.UNAVAILABLE, reason, message)


def settles(code: Code, reason: str) -> bool:
    """Tell whether a refusal proves that an earlier, unheard send of the same bytes was not stored.

    Refusals of the bytes themselves would have met the first send too, and a conflict names what is
    stored instead. One that depends on the moment (too old, paused, expired) says nothing of the
    moment before.
    """
    return code in (Code.INVALID_ARGUMENT, Code.ALREADY_EXISTS) and reason != _TOO_OLD


def doubt_about(error: CountersignError) -> Doubt:
    """Return the error that says that the signal may or may not be stored, and how to find out."""
    return Doubt(
        f"the signal may or may not be stored ({error.message}): "
        "look for its external id, or submit the same Signal again",
        code=error.code,
        reason="REPLAY_WINDOW_OVER" if isinstance(error, Doubt | Unavailable) else error.reason,
        metadata=error.metadata,
    )


def final_error(error: CountersignError, *, unheard: bool) -> CountersignError:
    """Return what to raise when `error` ended a submission.

    `unheard`: an earlier send went without an answer.
    """
    if not unheard:
        return error
    definite = isinstance(error, Invalid | Conflict) and settles(error.code, error.reason)
    return error if definite else doubt_about(error)
