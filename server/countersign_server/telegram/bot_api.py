"""The few methods of Telegram's Bot API that are used, and how it says no."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from countersign_server.outgoing.posting import Answer, NotAnswered, Poster

# How long Telegram holds a question for updates open, and how long we wait for that.
POLL_SECONDS = 20
TIME_LIMIT = timedelta(seconds=10)
ANSWER_BYTES_MAX = 1024 * 1024
_POLL_PATIENCE = timedelta(seconds=POLL_SECONDS + 10)
_KINDS = ["message", "callback_query"]
_JSON: Mapping[str, str] = {"content-type": "application/json"}

Result = Any


class BotRefused(Exception):
    """Telegram answered that it will not. `code` as in HTTP; `retry_after` None: not said."""

    def __init__(self, code: int, description: str, retry_after: timedelta | None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after


class BotApi:
    """One bot. Every method raises BotRefused, NotAnswered."""

    def __init__(self, poster: Poster, *, url: str, token: str) -> None:
        # What it talks over: to be opened, and closed, by whoever runs the bot.
        self.lines = poster
        self._url = f"{url.rstrip('/')}/bot{token}"

    async def user_name(self) -> str:
        """Return the bot's own name, as links have it."""
        return str((await self._call("getMe", {}))["username"])

    async def updates(self, after: int) -> Sequence[Mapping[str, Any]]:
        """Wait for updates, and return them; those up to `after` are forgotten by Telegram."""
        asked = {"offset": after + 1, "timeout": POLL_SECONDS, "allowed_updates": _KINDS}
        return list(await self._call("getUpdates", asked, patience=_POLL_PATIENCE))

    async def be_called(self, url: str, secret: str) -> None:
        """Ask Telegram to post updates to a URL, with the secret in a header."""
        asked = {"url": url, "secret_token": secret, "allowed_updates": _KINDS}
        await self._call("setWebhook", asked)

    async def be_asked_no_more(self) -> None:
        """Ask Telegram not to post updates, so that it can be asked for them."""
        await self._call("deleteWebhook", {})

    async def send(self, chat_id: int, text: str, *, keyboard: Result, silent: bool) -> int:
        """Send a message, and return its id in the chat. `keyboard`: rows of buttons."""
        asked: dict[str, Any] = {"chat_id": chat_id, "text": text}
        asked["disable_notification"] = silent
        if keyboard:
            asked["reply_markup"] = {"inline_keyboard": keyboard}
        return int((await self._call("sendMessage", asked))["message_id"])

    async def send_picture(self, chat_id: int, png: bytes, caption: str) -> None:
        """Send a picture with what is written below it."""
        file = FormFile("photo", "chart.png", "image/png", png)
        await self._send_file("sendPhoto", chat_id, file, caption)

    async def send_document(self, chat_id: int, pdf: bytes, caption: str) -> None:
        """Send a page with what is written below it."""
        file = FormFile("document", "report.pdf", "application/pdf", pdf)
        await self._send_file("sendDocument", chat_id, file, caption)

    async def _send_file(self, method: str, chat_id: int, file: "FormFile", caption: str) -> None:
        boundary, body = as_form({"chat_id": str(chat_id), "caption": caption}, file)
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        result_in(await self.lines.post(f"{self._url}/{method}", body, kind))

    async def edit(self, chat_id: int, message_id: int, text: str) -> None:
        """Change a message, and take its buttons away."""
        await self._call(
            "editMessageText", {"chat_id": chat_id, "message_id": message_id, "text": text}
        )

    async def answer_press(self, press_id: str, text: str) -> None:
        """Answer a button that was pressed, which waits until then."""
        await self._call("answerCallbackQuery", {"callback_query_id": press_id, "text": text[:200]})

    async def _call(
        self, method: str, asked: Mapping[str, Any], *, patience: timedelta | None = None
    ) -> Result:
        answer = await self.lines.post(
            f"{self._url}/{method}", json.dumps(asked).encode(), _JSON, patience=patience
        )
        return result_in(answer)


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form."""

    field: str
    name: str
    content_type: str
    content: bytes


def as_form(fields: Mapping[str, str], file: FormFile) -> tuple[str, bytes]:
    """Return the boundary and the body of a form with a file (RFC 7578).

    The boundary is a hash of what it parts, which therefore does not hold it.
    """
    boundary = sha256(file.content + repr(sorted(fields.items())).encode()).hexdigest()
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="{file.field}"; '
        f'filename="{file.name}"\r\ncontent-type: {file.content_type}\r\n\r\n'
    )
    end = f"\r\n--{boundary}--\r\n"
    return boundary, "".join(parts).encode() + head.encode() + file.content + end.encode()


def result_in(answer: Answer) -> Result:
    """Return what Telegram answered. Raises BotRefused; NotAnswered if it is no answer of its."""
    try:
        told = json.loads(answer.body)
        if told["ok"]:
            return told["result"]
        after = told.get("parameters", {}).get("retry_after")
        raise BotRefused(
            int(told["error_code"]),
            str(told.get("description", "")),
            None if after is None else timedelta(seconds=int(after)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        detail = f"status {answer.status}, and not what the Bot API answers"
        raise NotAnswered("STATUS", detail, was_sent=True) from None
