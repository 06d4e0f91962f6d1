"""Where owners pair chats, and where Telegram posts updates."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import telegram_pb2 as pb, telegram_pb2_grpc
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.accounts.wire import id_from_text
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, KeysExhausted, NotFound, SignatureInvalid
from countersign_server.identifiers import digest_of
from countersign_server.notification_errors import TelegramNotConfigured, TelegramUnavailable
from countersign_server.notifications.destination_store import save_destination
from countersign_server.notifications.wire import level_from, topics_from
from countersign_server.outgoing.posting import NotAnswered
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import from_timestamp, to_timestamp, trace_of
from countersign_server.rpc.pages import id_position, next_token, page_size
from countersign_server.telegram import chat_store
from countersign_server.telegram.bot_api import BotApi, BotRefused
from countersign_server.telegram.button import new_token
from countersign_server.telegram.chat import LIVE_MAX, Chat
from countersign_server.telegram.intake import Intake
from countersign_server.telegram.loop import UPDATES
from countersign_server.telegram.wire import chat_message

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # the header's name

_CODE_LIFETIME = timedelta(minutes=10)
_UPDATE_BYTES_MAX = 64 * 1024
_PATHS = frozenset({"topics", "level_min", "mute_end_time"})
_CHANGEABLE = Changeable(settable=_PATHS, clearable=_PATHS)


class TelegramService(telegram_pb2_grpc.TelegramServiceServicer):
    """See telegram.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, each by name
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        intake: Intake | None,
        bot: BotApi | None,
        secret: str,
        now: Callable[[], datetime],
    ) -> None:
        """`bot` and `intake` None: there is no bot."""
        self._database = database
        self._wakeups = wakeups
        self._intake = intake
        self._bot = bot
        self._secret = secret
        self._now = now
        self._bot_name = ""

    async def CreateTelegramPairing(
        self, request: pb.CreateTelegramPairingRequest, context: Context
    ) -> pb.CreateTelegramPairingResponse:
        caller, now, code = current_caller(), self._now(), new_token()
        name = await self._name()
        expires_at = now + _CODE_LIFETIME
        async with self._database.transaction(caller.tenant) as tx:
            if await chat_store.count_open_pairings(tx, caller.owner_id, now) >= LIVE_MAX:
                raise KeysExhausted(f"{LIVE_MAX} pairings are open; use one, or wait")
            await chat_store.add_pairing(tx, caller.owner_id, digest_of(code), expires_at)
        return pb.CreateTelegramPairingResponse(
            link=f"https://t.me/{name}?start={code}",
            code=code,
            expire_time=to_timestamp(expires_at),
        )

    async def ListTelegramChats(
        self, request: pb.ListTelegramChatsRequest, context: Context
    ) -> pb.ListTelegramChatsResponse:
        size = page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await chat_store.list_chats(tx, before=id_position(request), limit=size + 1)
        page = found[:size]
        return pb.ListTelegramChatsResponse(
            chats=map(chat_message, page),
            next_page_token=next_token(request, found, size, [page[-1].id] if page else []),
        )

    async def UpdateTelegramChat(
        self, request: pb.UpdateTelegramChatRequest, context: Context
    ) -> pb.UpdateTelegramChatResponse:
        chat_id = id_from_text(request.chat.chat_id, field="chat.chat_id")
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await _held(tx, chat_id)
            if before.destination.ended_at is not None:
                raise _no_chat(chat_id)
            asked, _ = updated(
                chat_message(before),
                request.chat,
                update_mask=request.update_mask,
                clear_mask=request.clear_mask,
                changeable=_CHANGEABLE,
            )
            after = _updated(before, asked)
            if after != before:
                await save_destination(tx, after.destination)
                await record(tx, _entry("updated", after, self._now(), _facts(after)))
        self._wakeups.ring("audit")
        return pb.UpdateTelegramChatResponse(chat=chat_message(after))

    async def RemoveTelegramChat(
        self, request: pb.RemoveTelegramChatRequest, context: Context
    ) -> pb.RemoveTelegramChatResponse:
        now = self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await _held(tx, UUID(request.chat_id))
            if found.destination.ended_at is None:
                await chat_store.end_chat(tx, found.id, now)
                found = replace(found, destination=replace(found.destination, ended_at=now))
                await record(tx, _entry("removed", found, now, _facts(found)))
        self._wakeups.ring("audit")
        return pb.RemoveTelegramChatResponse(chat=chat_message(found))

    async def ReceiveTelegramUpdate(
        self, request: HttpBody, context: Context
    ) -> pb.ReceiveTelegramUpdateResponse:
        headers: dict[str, Any] = dict(context.invocation_metadata() or ())
        given = str(headers.get(SECRET_HEADER, "")).encode()
        # Without a bot there is no secret, and nothing that would be taken for it.
        if not hmac.compare_digest(given, self._secret.encode()) or self._intake is None:
            raise SignatureInvalid("the secret token is not the one that Telegram was given")
        if len(request.data) > _UPDATE_BYTES_MAX:
            raise Invalid(f"an update has at most {_UPDATE_BYTES_MAX} bytes")
        try:
            update: Any = json.loads(request.data)
        except (ValueError, RecursionError):
            update = None
        if not isinstance(update, dict):
            raise Invalid("the body is not an update")
        if await self._intake.store(cast(dict[str, Any], update)):
            self._wakeups.ring(UPDATES)
        return pb.ReceiveTelegramUpdateResponse()

    async def _name(self) -> str:
        """Return the bot's name. Raises TelegramNotConfigured, TelegramUnavailable."""
        if self._bot is None:
            raise TelegramNotConfigured("this server has no Telegram bot")
        if not self._bot_name:
            try:
                self._bot_name = await self._bot.user_name()
            except (BotRefused, NotAnswered) as error:
                raise TelegramUnavailable(f"Telegram does not answer: {error}") from None
        return self._bot_name


def _updated(before: Chat, asked: pb.TelegramChat) -> Chat:
    muted_until = None
    if asked.HasField("mute_end_time"):
        muted_until = from_timestamp(asked.mute_end_time, field="chat.mute_end_time")
    destination = replace(
        before.destination,
        topics=topics_from(asked.topics),
        level_min=level_from(asked.level_min),
        muted_until=muted_until,
    )
    return replace(before, destination=destination)


async def _held(tx: AsyncConnection, chat_id: UUID) -> Chat:
    found = await chat_store.chat(tx, chat_id, hold=True)
    if found is None:
        raise _no_chat(chat_id)
    return found


def _no_chat(chat_id: UUID) -> NotFound:
    return NotFound(f"no Telegram chat {chat_id}", chat_id=str(chat_id))


def _facts(chat: Chat) -> Mapping[str, Any]:
    destination = chat.destination
    return {
        "name": chat.display_name,
        "topics": ",".join(sorted(destination.topics)),
        "level_min": int(destination.level_min),
        "muted_until": destination.muted_until,
    }


def _entry(what: str, chat: Chat, now: datetime, facts: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=f"telegram_chat.{what}",
        subject=f"telegram_chat:{chat.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=chat.owner_id,
        after=facts,
    )
