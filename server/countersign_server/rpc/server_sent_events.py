"""Streams that a browser reads: server-sent events in an HttpBody."""

import json

from google.api.httpbody_pb2 import HttpBody

from countersign_server.errors import Invalid
from countersign_server.rpc.boundary import Context

_ID_MAX = 2**63 - 1


def greeting() -> HttpBody:
    """Return what says at once that the stream stands."""
    return events(b"retry: 1000\n: connected\n\n")


def events(data: bytes) -> HttpBody:
    return HttpBody(content_type="text/event-stream", data=data)


def one_event(kind: str, data: str, *, identifier: int) -> bytes:
    """Return an event whose data is one line of JSON."""
    return f"id: {identifier}\nevent: {kind}\ndata: {data}\n\n".encode()


def end_event(code: str, reason: str) -> bytes:
    """Return the last server-sent event of a stream: why it ends."""
    data = json.dumps({"code": code, "reason": reason})
    return f"event: end\ndata: {data}\n\n".encode()


def last_event_id(context: Context) -> int:
    """Return the number in the header Last-Event-ID; 0: it was not sent, or is empty.

    Raises Invalid.
    """
    for key, value in context.invocation_metadata() or ():
        if key == "last-event-id" and value:
            text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
            if not (text.isascii() and text.isdigit() and int(text) <= _ID_MAX):
                raise Invalid(
                    "Last-Event-ID must be the id of an event of this stream: a number from 1 on",
                    field="Last-Event-ID",
                )
            return int(text)
    return 0
