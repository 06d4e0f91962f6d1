"""Buttons: each is a token that works once, in one chat, on one message, for a while."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from countersign_server.identifiers import Random

# Of the 64 bytes that Telegram carries with a button.
_TOKEN_BYTES = 16


class Action(StrEnum):
    """What a button does."""

    APPROVE = "approve"
    REJECT = "reject"
    FLATTEN = "flatten"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """What a button stands for; `digest` of the intent that its message shows, if it shows one."""

    action: Action
    label: str
    expires_at: datetime
    subject: str = ""  # "<approval id>", "<account id>"; empty: everything
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredButton:
    """A button as it is kept. `message_id` None: it is not known yet which message it came with."""

    button: Button
    destination_id: UUID
    message_id: int | None
    used_by_update: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A message with its rows of buttons."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    approval_id: UUID | None = None  # what it is about: it is edited once that is decided
    picture: bytes = b""  # PNG; the text stands below it, and there are no buttons
    document: bytes = b""  # PDF; the same


def new_token(random: Random = secrets.token_bytes) -> str:
    """Return 22 characters that nobody guesses."""
    return base64.urlsafe_b64encode(random(_TOKEN_BYTES)).rstrip(b"=").decode()


def token_digest(token: str) -> bytes:
    return sha256(b"countersign.button/1\0" + token.encode()).digest()


def flaw_in(
    stored: StoredButton, *, chat: UUID, message_id: int, update_id: int, now: datetime
) -> str | None:
    """Return why a press does nothing, for the person who pressed; None: it works.

    The same update that comes again is the same press.
    """
    if stored.destination_id != chat or stored.message_id != message_id:
        return "This button is not for this chat."
    if stored.used_by_update not in (None, update_id):
        return "This button was used already."
    if now >= stored.button.expires_at:
        return "This button has expired."
    return None
