"""Pairing a chat: whoever sends the code from a private chat gets that chat."""

from collections.abc import Callable
from datetime import datetime

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identifiers import digest_of, uuid7
from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.topic import Level
from countersign_server.telegram import chat_store
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.update import Place


class Pairing:
    """Uses codes up and makes chats of them."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def pair(self, place: Place, code: str) -> Chat | None:
        """Pair a private chat; None: the code is none, was used, or is too old.

        A chat that was paired before is paired anew: whoever wrote holds it.
        """
        now = self._now()
        async with self._database.transaction(None) as tx:
            owner_id = await chat_store.use_pairing(tx, digest_of(code.strip()), now)
            if owner_id is None:
                return None
            before = await chat_store.chat_at(tx, place.chat_id)
            if before is not None:
                await chat_store.end_chat(tx, before.id, now)
                await record(tx, _entry("removed", before, place, now))
            chat = Chat(
                destination=Destination(
                    id=uuid7(now),
                    owner_id=owner_id,
                    channel=ChannelKind.TELEGRAM,
                    topics=frozenset(),
                    level_min=Level.INFO,
                    created_at=now,
                ),
                telegram_chat_id=place.chat_id,
                telegram_user_id=place.user_id,
                display_name=place.user_name,
            )
            await chat_store.add_chat(tx, chat)
            await record(tx, _entry("paired", chat, place, now))
        self._wakeups.ring("audit")
        return chat


def _entry(what: str, chat: Chat, place: Place, now: datetime) -> Entry:
    return Entry(
        kind=f"telegram_chat.{what}",
        subject=f"telegram_chat:{chat.id}",
        event_time=now,
        trace=Trace(actor="system:telegram", address=f"telegram:{place.user_id}"),
        owner_id=chat.owner_id,
        after={"name": chat.display_name, "telegram_user_id": str(chat.telegram_user_id)},
    )
