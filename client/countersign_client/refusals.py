"""What a gRPC failure means to the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import grpc

from countersign_client.errors import (
    Code,
    Conflict,
    CountersignError,
    Doubt,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    NotNow,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from countersign_client.status_details import BadRequest, ErrorInfo, Status

_CLASSES: Mapping[Code, type[CountersignError]] = MappingProxyType(
    {
        Code.INVALID_ARGUMENT: Invalid,
        Code.OUT_OF_RANGE: Invalid,
        Code.UNAUTHENTICATED: Unauthenticated,
        Code.PERMISSION_DENIED: Forbidden,
        Code.NOT_FOUND: NotFound,
        Code.ALREADY_EXISTS: Conflict,
        Code.ABORTED: Conflict,
        Code.FAILED_PRECONDITION: NotNow,
        Code.RESOURCE_EXHAUSTED: Exhausted,
        Code.UNIMPLEMENTED: Unsupported,
    }
)

# After these nobody who was cut off can say whether the call took effect.
_AMBIGUOUS = frozenset(
    {Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED, Code.UNKNOWN, Code.INTERNAL}
)

# What gRPC says when a call found no connection to leave by. Any other UNAVAILABLE may have reached
# the server.
_NEVER_LEFT = (
    "failed to connect to all addresses",
    "empty address list",
    "DNS resolution failed",
    "Address lookup failed",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call ended, as gRPC tells it."""

    code: Code
    message: str
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    violations: Mapping[str, str] = field(default_factory=dict[str, str])


def failure_of(error: grpc.aio.AioRpcError) -> Failure:
    """Return what `error` says, with the details that the server sent along if they can be read."""
    code = Code(error.code().value[0])
    message = error.details() or ""
    trailers = error.trailing_metadata() or ()
    packed = next((value for key, value in trailers if key == "grpc-status-details-bin"), None)
    if not isinstance(packed, bytes):
        return Failure(code, message)
    try:
        return _detailed(code, message, packed)
    except (ValueError, EOFError, KeyError, IndexError, NotImplementedError):
        # Details that cannot be read are no reason to lose the code and the message.
        return Failure(code, message)


def error_of(failure: Failure, *, mutates: bool) -> CountersignError:
    """Return the error to raise.

    `mutates`: the call changes something, so an end without an answer is doubt.
    """
    kind = _CLASSES.get(failure.code)
    reason = failure.reason
    if kind is None:
        kind, reason = _without_answer(failure, mutates=mutates)
    return kind(
        failure.message or reason,
        code=failure.code,
        reason=reason or failure.code.name,
        metadata=failure.metadata,
        violations=failure.violations,
    )


def _without_answer(failure: Failure, *, mutates: bool) -> tuple[type[CountersignError], str]:
    if failure.code is Code.UNAVAILABLE and failure.message.startswith(_NEVER_LEFT):
        return Unavailable, "UNREACHABLE"
    if failure.code not in _AMBIGUOUS:
        return ServerFault, failure.reason
    if mutates:
        return Doubt, failure.reason or "NO_ANSWER"
    if failure.code in (Code.UNKNOWN, Code.INTERNAL):
        return ServerFault, failure.reason
    return Unavailable, failure.reason or "NO_ANSWER"


def _detailed(code: Code, message: str, packed: bytes) -> Failure:
    reason, metadata = "", dict[str, str]()
    violations = dict[str, str]()
    for detail in Status().parse(packed).details:
        name = detail.type_url.rpartition("/")[2]
        if name == "google.rpc.ErrorInfo":
            info = ErrorInfo().parse(detail.value)
            reason, metadata = info.reason, dict(info.metadata)
        elif name == "google.rpc.BadRequest":
            broken = BadRequest().parse(detail.value).field_violations
            violations = {one.field: one.description for one in broken}
    return Failure(code, message, reason, metadata, violations)
