"""A private chat with the bot, and whose it is."""

from dataclasses import dataclass
from uuid import UUID

from countersign_server.notifications.destination import Destination

LIVE_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A private chat: one Telegram user's, one owner's."""

    destination: Destination
    telegram_chat_id: int
    telegram_user_id: int
    display_name: str

    @property
    def id(self) -> UUID:
        return self.destination.id

    @property
    def owner_id(self) -> UUID:
        return self.destination.owner_id
