"""What the gateway answers in the server's place: JSON of the same form as the server's errors.

Native gRPC callers get a status of their own kind; a JSON body would end up in grpc-message.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

DOMAIN = "countersign"

# A part of Envoy's configuration.
Block = dict[str, object]

_CEL = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3"

# HTTP status -> google.rpc.Code and reason of google.rpc.ErrorInfo. Public and permanent.
REPLIES: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        400: (3, "REQUEST_MALFORMED"),
        401: (16, "UNAUTHENTICATED"),
        403: (7, "FORBIDDEN"),
        404: (5, "PATH_UNKNOWN"),
        405: (12, "PATH_UNKNOWN"),
        408: (4, "REQUEST_TOO_SLOW"),
        413: (3, "BODY_TOO_LARGE"),
        415: (3, "REQUEST_MALFORMED"),
        426: (3, "REQUEST_MALFORMED"),
        429: (8, "RATE_LIMITED"),
        431: (3, "HEADERS_TOO_LARGE"),
        500: (13, "GATEWAY_FAILED"),
        502: (14, "SERVER_UNAVAILABLE"),
        503: (14, "SERVER_UNAVAILABLE"),
        504: (4, "DEADLINE_EXCEEDED"),
    }
)

_JSON_CALLER: Block = {
    "or_filter": {
        "filters": [
            # Set by the transcoder, which also turns the content type of a REST call into gRPC's.
            {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}},
            {
                "header_filter": {
                    "header": {
                        "name": "content-type",
                        "string_match": {"prefix": "application/grpc"},
                        "invert_match": True,
                        "treat_missing_header_as_empty": True,
                    }
                }
            },
        ]
    }
}

# Without the server's keys nobody's token can be judged: that is an outage and not a wrong token.
_KEYS_MISSING: Block = {
    "extension_filter": {
        "name": "envoy.access_loggers.extension_filters.cel",
        "typed_config": {
            "@type": f"{_CEL}.ExpressionFilter",
            "expression": "response.code_details.contains('Jwks_remote_fetch_is_failed')",
        },
    }
}


def reply_mappers() -> list[str]:
    """Return mappers for Envoy's local_reply_config, a line each; the first that fits counts."""
    unavailable: Block = {"status_code": 503}
    return [
        _mapper([_KEYS_MISSING, _JSON_CALLER], unavailable | _body(*REPLIES[503])),
        _mapper([_KEYS_MISSING], unavailable),
        *(
            _mapper([_status_is(status), _JSON_CALLER], _body(*reply))
            for status, reply in REPLIES.items()
        ),
    ]


def _mapper(filters: list[Block], change: Block) -> str:
    condition = {"and_filter": {"filters": filters}} if len(filters) > 1 else filters[0]
    return f"- {json.dumps({'filter': condition, **change})}"


def _status_is(status: int) -> Block:
    value = {"default_value": status, "runtime_key": f"local_reply.status_{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _body(code: int, reason: str) -> Block:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": DOMAIN,
        "metadata": {"request_id": "%REQ(X-REQUEST-ID)%"},
    }
    return {
        "body_format_override": {
            "json_format": {"code": code, "message": "%LOCAL_REPLY_BODY%", "details": [info]}
        }
    }
