"""What a person did: a command, or a button. Everything else that Telegram tells is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS_MAX = 500
_NUMBERS_END = 2**62


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was done, and by whom. `is_private`: nobody else reads the chat."""

    chat_id: int
    user_id: int
    user_name: str
    is_private: bool


@dataclass(frozen=True, slots=True)
class Command:
    """Such as "/reject 12ab34cd too late"."""

    place: Place
    name: str  # without the slash, in lower case
    words: str  # what follows it


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed."""

    place: Place
    press_id: str
    message_id: int
    token: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing that is for us; why not."""

    reason: str


Done = Command | Press | Ignored


def update_id(update: Mapping[str, Any]) -> int | None:
    """Return what numbers an update; None: it is none."""
    number = update.get("update_id")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 0 < number < _NUMBERS_END else None


def done_in(update: Mapping[str, Any]) -> Done:
    """Return what an update tells of."""
    try:
        if "callback_query" in update:
            return _press(update["callback_query"])
        if "message" in update:
            return _command(update["message"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return Ignored("NOT_UNDERSTOOD")
    return Ignored("OTHER_KIND")


def _command(message: Mapping[str, Any]) -> Done:
    text = str(message.get("text", ""))
    if not text.startswith("/") or "forward_origin" in message or "via_bot" in message:
        return Ignored("NO_COMMAND")
    name, _, words = text[1:].partition(" ")
    # In groups a command carries the bot's name: /inbox@countersign_bot
    name = name.partition("@")[0].lower()
    place = _place(message["chat"], message["from"])
    return Command(place, name[:32], words.strip()[:_WORDS_MAX])


def _press(query: Mapping[str, Any]) -> Done:
    message = query["message"]
    return Press(
        place=_place(message["chat"], query["from"]),
        press_id=str(query["id"]),
        message_id=int(message["message_id"]),
        token=str(query["data"])[:64],
    )


def _place(chat: Mapping[str, Any], user: Mapping[str, Any]) -> Place:
    name = str(user.get("username") or user.get("first_name") or "")
    return Place(
        chat_id=int(chat["id"]),
        user_id=int(user["id"]),
        user_name="".join(c for c in name if c.isprintable())[:64],
        is_private=chat["type"] == "private",
    )
