"""Long lists in pages: a token remembers where the last page ended, and for which question."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from google.protobuf.message import Message

from countersign_server.errors import PageTokenInvalid

DEFAULT_SIZE = 50
LARGEST_SIZE = 500

Row = TypeVar("Row")


def page_size(asked: int) -> int:
    """Return how many rows to show: 0 asks for the default, too many for the most."""
    return min(asked or DEFAULT_SIZE, LARGEST_SIZE)


def position_of(request: Message) -> list[Any] | None:
    """Return the position in the request's page token; None: from the start.

    Raises PageTokenInvalid if it is not a token of this question.
    """
    token = str(getattr(request, "page_token"))  # noqa: B009  # every List request has one
    if not token:
        return None
    try:
        question, position = json.loads(base64.urlsafe_b64decode(token.encode()))
    # Whatever the bytes are: no pair, deeper than can be read, or no JSON at all.
    except (ValueError, TypeError, RecursionError, binascii.Error):
        question, position = None, None
    if question != _question(request) or not isinstance(position, list):
        raise PageTokenInvalid("page_token is not from the previous answer", field="page_token")
    return cast(list[Any], position)


def id_position(request: Message) -> UUID | None:
    """Return the position in a list that goes by ids; None: from the start.

    Raises PageTokenInvalid.
    """
    position = position_of(request)
    if position is None:
        return None
    try:
        (identifier,) = position
        return UUID(identifier)
    except (ValueError, TypeError, AttributeError):
        raise PageTokenInvalid("page_token is not of this list", field="page_token") from None


def moment_position(request: Message) -> tuple[datetime, UUID] | None:
    """Return the position in a list that goes by a time and then by ids; None: from the start.

    Raises PageTokenInvalid.
    """
    position = position_of(request)
    if position is None:
        return None
    try:
        text, identifier = position
        moment, row_id = datetime.fromisoformat(text), UUID(identifier)
    except (ValueError, TypeError, AttributeError):
        raise PageTokenInvalid("page_token is not of this list", field="page_token") from None
    if moment.tzinfo is None:
        raise PageTokenInvalid("page_token is not of this list", field="page_token")
    return moment, row_id


def next_token(request: Message, rows: Sequence[Row], size: int, position: list[Any]) -> str:
    """Return the token for the page after `rows`; empty on the last page.

    One row more than `size` was asked for, to know whether there is a next page.
    """
    if len(rows) <= size:
        return ""
    body = json.dumps([_question(request), position], default=str)
    return base64.urlsafe_b64encode(body.encode()).decode()


def _question(request: Message) -> str:
    plain = type(request)()
    plain.CopyFrom(request)
    for field in ("page_token", "page_size"):
        plain.ClearField(field)
    # With its name: two lists that are asked without filters are still two questions.
    name = plain.DESCRIPTOR.full_name.encode()
    asked = name + b"\0" + plain.SerializeToString(deterministic=True)
    return hashlib.sha256(asked).hexdigest()[:16]
