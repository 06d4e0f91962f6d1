"""How the gateway's refusals look: the same error over REST, gRPC and gRPC-Web.

REST callers get JSON of the form of the server's errors, gRPC callers a status with its details.
"""

import base64
import json
from urllib.parse import quote

from google.rpc import error_details_pb2, status_pb2

from gateway.refusals import BY_DETAIL, BY_STATUS, Refusal

DOMAIN = "countersign"

# A part of Envoy's configuration.
Block = dict[str, object]

_CEL = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3"


def _content_type(prefix: str, *, inverted: bool) -> Block:
    return {
        "header_filter": {
            "header": {
                "name": "content-type",
                "string_match": {"prefix": prefix},
                "invert_match": inverted,
                "treat_missing_header_as_empty": True,
            }
        }
    }


_JSON_CALLER: Block = {
    "or_filter": {
        "filters": [
            # Set by the transcoder, which also turns the content type of a REST call into gRPC's.
            {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}},
            _content_type("application/grpc", inverted=True),
        ]
    }
}
# Until the gateway has made gRPC of its call; from there on the answer is translated back.
_WEB_CALLER = _content_type("application/grpc-web", inverted=False)
_WEB_TEXT_CALLER = _content_type("application/grpc-web-text", inverted=False)

# In a message's head: what follows are trailers.
_TRAILERS = 0x80


def reply_mappers() -> list[str]:
    """Return mappers for Envoy's local_reply_config, a line each; the first that fits counts."""
    conditions = [
        *((_noted(detail), refusal) for detail, refusal in BY_DETAIL.items()),
        *((_status_is(status), refusal) for status, refusal in BY_STATUS.items()),
    ]
    return [
        _mapper(
            [_noted("lua_response"), _status_is(BY_STATUS[400].status)],
            _json(
                BY_STATUS[400],
                "%LOCAL_REPLY_BODY%",
                reason="%DYNAMIC_METADATA(countersign:reason)%",
                field="%DYNAMIC_METADATA(countersign:field)%",
            ),
        ),
        *(
            _mapper([condition, *caller], change)
            for condition, refusal in conditions
            for caller, change in (
                ([_JSON_CALLER], _json(refusal, _message(refusal))),
                ([_WEB_TEXT_CALLER], _grpc_web(refusal, text=True)),
                ([_WEB_CALLER], _grpc_web(refusal, text=False)),
                ([], _grpc(refusal)),
            )
        ),
    ]


def _message(refusal: Refusal) -> str:
    # What the transcoder could not read it says itself, and where.
    return "%LOCAL_REPLY_BODY%" if refusal is BY_STATUS[400] else refusal.message


def _json(refusal: Refusal, message: str, *, reason: str = "", **facts: str) -> Block:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason or refusal.reason,
        "domain": DOMAIN,
        "metadata": {"request_id": "%REQ(X-REQUEST-ID)%", **facts},
    }
    body = {"code": refusal.code, "message": message, "details": [info]}
    return {"status_code": refusal.status, "body_format_override": {"json_format": body}}


def _grpc(refusal: Refusal) -> Block:
    return {
        "body": {"inline_string": refusal.message},
        "headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in _status(refusal).items()
        ],
    }


def _grpc_web(refusal: Refusal, *, text: bool) -> Block:
    trailers = _status(refusal) | {"grpc-message": quote(refusal.message, safe=" ':<>;,/")}
    lines = "".join(f"{key}:{value}\r\n" for key, value in trailers.items()).encode()
    body = bytes([_TRAILERS]) + len(lines).to_bytes(4) + lines
    if text:
        body = base64.b64encode(body)
    return {
        "status_code": 200,
        "body": {"inline_bytes": base64.b64encode(body).decode()},
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": f"application/grpc-web{'-text' if text else ''}+proto",
        },
    }


def _status(refusal: Refusal) -> dict[str, str]:
    """Return the status in the form of gRPC, without its message."""
    return {"grpc-status": str(_grpc_code(refusal)), "grpc-status-details-bin": _details(refusal)}


def _details(refusal: Refusal) -> str:
    status = status_pb2.Status(code=_grpc_code(refusal), message=refusal.message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN))
    return base64.b64encode(status.SerializeToString(deterministic=True)).decode().rstrip("=")


def _grpc_code(refusal: Refusal) -> int:
    return refusal.code if refusal.grpc_code is None else refusal.grpc_code


def _mapper(filters: list[Block], change: Block) -> str:
    condition = {"and_filter": {"filters": filters}} if len(filters) > 1 else filters[0]
    return f"- {json.dumps({'filter': condition, **change})}"


def _noted(detail: str) -> Block:
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": f"{_CEL}.ExpressionFilter",
                "expression": f"response.code_details.contains('{detail}')",
            },
        }
    }


def _status_is(status: int) -> Block:
    value = {"default_value": status, "runtime_key": f"local_reply.status_{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}
