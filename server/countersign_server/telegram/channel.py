"""Notifications as messages in a chat."""

import json
from uuid import UUID

from countersign_server.database.engine import Database
from countersign_server.errors import CountersignError
from countersign_server.notifications.channel import Outcome, Result
from countersign_server.notifications.notification import Notification
from countersign_server.notifications.topic import Level, Topic
from countersign_server.outgoing.posting import NotAnswered
from countersign_server.rpc.within import InnerDoors
from countersign_server.telegram import chat_store
from countersign_server.telegram.bot_api import BotRefused
from countersign_server.telegram.button import Reply
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.laying import laid
from countersign_server.telegram.messenger import Messenger
from countersign_server.telegram.person import Person
from countersign_server.telegram.text import told

_BLOCKED, _TOO_MANY, _BUG = 403, 429, 500
# The request may have arrived: the message may be there twice, and says so.
_DOUBTFUL = {"TIMEOUT", "CONNECTION"}


class TelegramChannel:
    """Carries notifications to chats."""

    def __init__(
        self,
        *,
        database: Database,
        messenger: Messenger,
        doors: InnerDoors,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._doors = doors

    async def deliver(self, notification: Notification) -> Outcome:
        """Send a message, or change the ones that are about the same approval."""
        async with self._database.transaction(None) as tx:
            chat = await chat_store.chat(tx, notification.destination_id)
        if chat is None or chat.destination.ended_at is not None:
            return Outcome(result=Result.REFUSED, reason="ENDED")
        try:
            await self._tell(chat, notification)
        except BotRefused as refused:
            return outcome_of(refused)
        except NotAnswered as error:
            return Outcome(result=Result.FAILED, reason=error.reason, detail=str(error))
        return Outcome(result=Result.DELIVERED)

    async def _tell(self, chat: Chat, notification: Notification) -> None:
        person = Person(self._doors, chat, f"notification:{notification.id}")
        silent = notification.level is Level.INFO
        approval_id = _approval_in(notification)
        if approval_id is not None:
            try:
                reply = await laid(person, await person.approval(approval_id))
            except CountersignError:
                reply = Reply("")  # it cannot be shown; the event itself is told
            if reply.text and await self._is_settled(chat, notification, approval_id, reply):
                return
            if reply.approval_id is not None and notification.kind == "approval.pending":
                await self._messenger.send(chat, _marked(reply, notification))
                return
        account = await person.account_name(str(notification.account_id or ""))
        reply = Reply(told(notification.body, notification.level, account=account))
        await self._messenger.send(chat, _marked(reply, notification), silent=silent)

    async def _is_settled(
        self, chat: Chat, notification: Notification, approval_id: UUID, reply: Reply
    ) -> bool:
        """Let the messages about a decided approval say so; False: there are none, or it waits."""
        if notification.kind == "approval.pending" or reply.approval_id is not None:
            return False
        return await self._messenger.settle(chat, approval_id, reply.text)


def outcome_of(refused: BotRefused) -> Outcome:
    """Return what a refusal of Telegram's means for a message."""
    if refused.code == _BLOCKED:
        result, reason = Result.GONE, "BLOCKED"
    elif refused.code == _TOO_MANY or refused.code >= _BUG:
        result, reason = Result.FAILED, "STATUS"
    else:
        result, reason = Result.REFUSED, "REFUSED"
    return Outcome(
        result=result,
        reason=reason,
        status=refused.code,
        detail=refused.description,
        again_after=refused.retry_after,
    )


def _approval_in(notification: Notification) -> UUID | None:
    if notification.topic is not Topic.APPROVAL:
        return None
    kind, _, name = str(json.loads(notification.body)["data"]["subject"]).partition(":")
    return UUID(name) if kind == "approval" else None


def _marked(reply: Reply, notification: Notification) -> Reply:
    if notification.failure not in _DOUBTFUL:
        return reply
    return Reply(f"(again) {reply.text}", reply.rows, reply.approval_id)
