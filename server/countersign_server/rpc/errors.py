"""How errors leave the server: a code to branch on, a reason to match, a message to read."""

from collections.abc import Mapping

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from countersign_server.errors import (
    Contradiction,
    CountersignError,
    DeadlineExceeded,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    NotImplementedYet,
    NotNow,
    Taken,
    Unauthenticated,
    Unavailable,
)

DOMAIN = "countersign"

# A subclass takes the code of its nearest ancestor here.
CODES: Mapping[type[CountersignError], int] = {
    Invalid: code_pb2.INVALID_ARGUMENT,
    Unauthenticated: code_pb2.UNAUTHENTICATED,
    Forbidden: code_pb2.PERMISSION_DENIED,
    NotFound: code_pb2.NOT_FOUND,
    Taken: code_pb2.ALREADY_EXISTS,
    Contradiction: code_pb2.ABORTED,
    NotNow: code_pb2.FAILED_PRECONDITION,
    Exhausted: code_pb2.RESOURCE_EXHAUSTED,
    Unavailable: code_pb2.UNAVAILABLE,
    DeadlineExceeded: code_pb2.DEADLINE_EXCEEDED,
    NotImplementedYet: code_pb2.UNIMPLEMENTED,
}


def code_of(error: type[CountersignError]) -> int:
    """Return the google.rpc.Code of an error."""
    return next(CODES[kind] for kind in error.__mro__ if kind in CODES)


def status_of(
    error: CountersignError, *, request_id: str, violations: Mapping[str, str] | None = None
) -> grpc.Status:
    """Return what the caller sees.

    `violations` are messages by field path, for a request that broke its rules.
    """
    facts = {"request_id": request_id, **error.facts}
    status = status_pb2.Status(code=code_of(type(error)), message=str(error))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=facts)
    status.details.add().Pack(info)
    if violations:
        bad = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
                for field, text in violations.items()
            ]
        )
        status.details.add().Pack(bad)
    return _sendable(status)


def internal(*, request_id: str) -> grpc.Status:
    """Return what a caller sees of a bug: an id to report, and nothing of the inside."""
    status = status_pb2.Status(
        code=code_pb2.INTERNAL,
        message=f"internal error; report it with the request id {request_id}",
    )
    info = error_details_pb2.ErrorInfo(
        reason="INTERNAL", domain=DOMAIN, metadata={"request_id": request_id}
    )
    status.details.add().Pack(info)
    return _sendable(status)


def _sendable(status: status_pb2.Status) -> grpc.Status:
    return rpc_status.to_status(status)  # pyright: ignore[reportUnknownMemberType]  # it has no stubs
