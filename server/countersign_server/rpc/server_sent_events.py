"""Streams that a browser reads: server-sent events in an HttpBody."""

import json
from datetime import datetime, timedelta

from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.message import Message

from countersign_server.errors import Invalid
from countersign_server.rpc.boundary import Context

_ID_MAX = 2**63 - 1
_SETTLED = timedelta(seconds=30)


def greeting() -> HttpBody:
    """Return what says at once that the stream stands."""
    return events(b"retry: 1000\n: connected\n\n")


def events(data: bytes) -> HttpBody:
    return HttpBody(content_type="text/event-stream", data=data)


def one_event(kind: str, data: str, *, identifier: int) -> bytes:
    """Return an event whose data is one line of JSON."""
    return f"id: {identifier}\nevent: {kind}\ndata: {data}\n\n".encode()


def one_line(message: Message) -> str:
    """Return a message as JSON on one line, with what is empty."""
    return json_format.MessageToJson(
        message, indent=None, always_print_fields_with_no_presence=True
    )


def microseconds(moment: datetime) -> int:
    """Return when something was stored as the number that names an event of it."""
    return int(moment.timestamp() * 1_000_000)


def settled(last_event: int) -> int:
    """Return up to which event a follower has surely been told who names its last.

    Transactions do not commit in the order of their times.
    """
    return last_event - int(_SETTLED.total_seconds() * 1_000_000)


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
