"""Every refusal that the gateway gives in the server's place: reason, codes, message and advice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from google.rpc import code_pb2


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. Its reason is public and permanent, and the server's where both give it."""

    reason: str
    status: int  # of HTTP
    code: int  # google.rpc.Code
    message: str
    advice: str
    # Where gRPC has a code of its own for it; None: `code`.
    grpc_code: int | None = None


_NO_SERVER = Refusal(
    "SERVER_UNAVAILABLE",
    503,
    code_pb2.UNAVAILABLE,
    "no server answers at the moment",
    "Try again with the same ids; whatever was accepted is kept.",
)
_UNKNOWN_PATH = Refusal(
    "PATH_UNKNOWN",
    404,
    code_pb2.NOT_FOUND,
    "there is nothing at this path; docs/openapi.json lists what there is",
    "Check the path and the verb.",
    grpc_code=code_pb2.UNIMPLEMENTED,
)
_MALFORMED = Refusal(
    "REQUEST_MALFORMED",
    400,
    code_pb2.INVALID_ARGUMENT,
    "the request is not what docs/openapi.json describes",
    "Send what docs/openapi.json describes; the message says where it differs.",
)
_TOKEN_MISSING = Refusal(
    "UNAUTHENTICATED",
    401,
    code_pb2.UNAUTHENTICATED,
    "an access token is needed: 'authorization: Bearer <token>'",
    "Send 'authorization: Bearer <access token>'.",
)
_TOKEN_EXPIRED = Refusal(
    "TOKEN_EXPIRED",
    401,
    code_pb2.UNAUTHENTICATED,
    "the access token has expired",
    "Get a new access token with CreateSession.",
)
_TOKEN_WRONG = Refusal(
    "TOKEN_INVALID",
    401,
    code_pb2.UNAUTHENTICATED,
    "the access token is not one of this server's, or not valid now",
    "Get a new access token with CreateSession.",
)
_TOO_SLOW = Refusal(
    "REQUEST_TOO_SLOW",
    408,
    code_pb2.DEADLINE_EXCEEDED,
    "the request took too long to arrive",
    "Send the whole request without pauses.",
)

# By what Envoy notes of a refusal (%RESPONSE_CODE_DETAILS%); the first that it contains counts.
# Without the server's keys nobody's token can be judged: an outage, and not a wrong token.
BY_DETAIL: Mapping[str, Refusal] = MappingProxyType(
    {
        "Jwks_remote_fetch_is_failed": _NO_SERVER,
        "Jwt_is_missing": _TOKEN_MISSING,
        "Jwt_is_expired": _TOKEN_EXPIRED,
        "jwt_authn_access_denied": _TOKEN_WRONG,
    }
)

# By HTTP status, for everything else.
BY_STATUS: Mapping[int, Refusal] = MappingProxyType(
    {
        400: _MALFORMED,
        401: _TOKEN_MISSING,
        403: Refusal(
            "FORBIDDEN",
            403,
            code_pb2.PERMISSION_DENIED,
            "this may not be asked here",
            "Ask with the role that the contract names.",
        ),
        404: _UNKNOWN_PATH,
        405: _UNKNOWN_PATH,
        408: _TOO_SLOW,
        413: Refusal(
            "BODY_TOO_LARGE",
            413,
            code_pb2.INVALID_ARGUMENT,
            "the body is larger than the gateway takes",
            "Send less at once.",
        ),
        415: _MALFORMED,
        426: _MALFORMED,
        429: Refusal(
            "RATE_LIMITED",
            429,
            code_pb2.RESOURCE_EXHAUSTED,
            "too many requests come from this address",
            "Wait a second, as retry-after says, then try again with the same ids.",
        ),
        431: Refusal(
            "HEADERS_TOO_LARGE",
            431,
            code_pb2.INVALID_ARGUMENT,
            "the headers are larger than the gateway takes",
            "Send fewer or shorter headers.",
        ),
        500: Refusal(
            "GATEWAY_FAILED",
            500,
            code_pb2.INTERNAL,
            "the gateway failed",
            "This is a bug: report it with the request id.",
        ),
        502: _NO_SERVER,
        503: _NO_SERVER,
        504: Refusal(
            "DEADLINE_EXCEEDED",
            504,
            code_pb2.DEADLINE_EXCEEDED,
            "the call took longer than it may",
            "The call may or may not have taken effect: look, or ask again with the same ids.",
        ),
    }
)

# What gateway/strict_json.lua finds in a body; it names the field itself.
UNKNOWN_FIELD = Refusal(
    "UNKNOWN_FIELD",
    400,
    code_pb2.INVALID_ARGUMENT,
    "there is no such field",
    "Remove the field or correct its spelling; what is not understood is not traded.",
)


def refusals() -> Iterator[Refusal]:
    """Yield every refusal once, in no order."""
    yield from {*BY_DETAIL.values(), *BY_STATUS.values(), UNKNOWN_FIELD}
