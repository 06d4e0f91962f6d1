"""Sending messages with their buttons, and changing them once what they are about is decided."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from countersign_server.database.engine import Database
from countersign_server.telegram import message_store
from countersign_server.telegram.bot_api import BotApi, BotRefused
from countersign_server.telegram.button import Reply, new_token, token_digest
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.text import clipped

_BAD_REQUEST = 400
# What Telegram says of a message that says so already.
_UNCHANGED = "message is not modified"


class Messenger:
    """Writes in chats. Raises BotRefused, NotAnswered."""

    def __init__(self, database: Database, bot: BotApi, now: Callable[[], datetime]) -> None:
        self._database = database
        self._bot = bot
        self._now = now

    async def send(self, chat: Chat, reply: Reply, *, silent: bool = False) -> None:
        """Send a message. Its buttons work from when it is known which message they came with."""
        if reply.picture:
            await self._bot.send_picture(chat.telegram_chat_id, reply.picture, reply.text)
            return
        if reply.document:
            await self._bot.send_document(chat.telegram_chat_id, reply.document, reply.text)
            return
        rows = [[(new_token(), button) for button in row] for row in reply.rows]
        drawn = [one for row in rows for one in row]
        if drawn:
            async with self._database.transaction(chat.owner_id) as tx:
                for token, button in drawn:
                    await message_store.add_button(tx, chat, button, token_digest(token))
        keyboard = [
            [{"text": button.label, "callback_data": token} for token, button in row]
            for row in rows
        ]
        message_id = await self._bot.send(
            chat.telegram_chat_id, clipped(reply.text), keyboard=keyboard, silent=silent
        )
        async with self._database.transaction(chat.owner_id) as tx:
            await message_store.bind_message(
                tx,
                chat,
                message_id=message_id,
                tokens=[token_digest(token) for token, _ in drawn],
                approval_id=reply.approval_id,
            )

    async def settle(self, chat: Chat, approval_id: UUID, text: str) -> bool:
        """Let every message about an approval say how it ended; False: there is none."""
        async with self._database.transaction(chat.owner_id) as tx:
            found = await message_store.messages_about(tx, chat, approval_id)
        for message_id in found:
            try:
                await self._bot.edit(chat.telegram_chat_id, message_id, clipped(text))
            except BotRefused as refused:
                # One that the person deleted is left alone.
                gone = refused.code == _BAD_REQUEST
                if not gone and _UNCHANGED not in refused.description:
                    raise
            async with self._database.transaction(chat.owner_id) as tx:
                await message_store.forget_message(tx, chat, message_id)
        return bool(found)
