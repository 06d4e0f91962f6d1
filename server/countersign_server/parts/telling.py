"""How people and programs are told of what happened, made."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from countersign.v1.notifications_pb2_grpc import add_NotificationServiceServicer_to_server
from countersign.v1.telegram_pb2_grpc import add_TelegramServiceServicer_to_server
from countersign.v1.webhooks_pb2_grpc import add_WebhookServiceServicer_to_server
from countersign_server.notifications.announcing import Announcer
from countersign_server.notifications.channel import Channel
from countersign_server.notifications.courier import Courier
from countersign_server.notifications.destination import ChannelKind
from countersign_server.notifications.loop import Announcing, Delivering, Tidying
from countersign_server.notifications.service import NotificationService
from countersign_server.outgoing.addresses import ANYWHERE, reach_of
from countersign_server.outgoing.posting import Poster
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People
from countersign_server.rpc.within import InnerDoors
from countersign_server.telegram import bot_api
from countersign_server.telegram.bot_api import BotApi
from countersign_server.telegram.channel import TelegramChannel
from countersign_server.telegram.handling import Desk
from countersign_server.telegram.intake import Intake
from countersign_server.telegram.loop import Fetching, Handling
from countersign_server.telegram.messenger import Messenger
from countersign_server.telegram.pairing import Pairing
from countersign_server.telegram.service import TelegramService
from countersign_server.webhooks import posting
from countersign_server.webhooks.posting import WebhookChannel
from countersign_server.webhooks.service import WebhookService

if TYPE_CHECKING:
    import grpc


@dataclass(frozen=True, slots=True)
class Telling:
    """The areas that tell, and the doors that a chat acts through."""

    areas: tuple[Part, ...]
    doors: InnerDoors

    def open(self, areas: tuple[Part, ...]) -> None:
        """Let chats act through the doors of every area."""
        for area in areas:
            area.door(cast("grpc.aio.Server", self.doors))


def telling(ground: Ground, who: People) -> Telling:
    """Make notifications, webhooks and the bot."""
    doors = InnerDoors()
    channels: dict[ChannelKind, Channel] = {}
    poster = Poster(
        reach_of(ground.settings.webhook_networks),
        time_limit=posting.TIME_LIMIT,
        answer_bytes_max=posting.ANSWER_BYTES_MAX,
    )
    channels[ChannelKind.WEBHOOK] = WebhookChannel(
        database=ground.database, vault=who.vault, poster=poster, now=ground.now
    )
    chats = _telegram(ground, who, doors, channels)
    return Telling((_notifications(ground, channels, poster), _webhooks(ground, who), chats), doors)


def _notifications(ground: Ground, channels: dict[ChannelKind, Channel], poster: Poster) -> Part:
    database, wakeups, now = ground.database, ground.wakeups, ground.now
    courier = Courier(database=database, channels=channels, now=now)
    service = NotificationService(database=database, wakeups=wakeups, now=now)
    return Part(
        partial(add_NotificationServiceServicer_to_server, service),
        (
            Announcing(Announcer(database, now), wakeups).run,
            Delivering(courier, wakeups, poster).run,
            Tidying(database=database, kept=ground.settings.notifications_kept, now=now).run,
        ),
    )


def _webhooks(ground: Ground, who: People) -> Part:
    service = WebhookService(
        database=ground.database,
        wakeups=ground.wakeups,
        vault=who.vault,
        reach=reach_of(ground.settings.webhook_networks),
        now=ground.now,
    )
    return Part(partial(add_WebhookServiceServicer_to_server, service))


def _telegram(
    ground: Ground, who: People, doors: InnerDoors, channels: dict[ChannelKind, Channel]
) -> Part:
    token = ground.settings.telegram_token.get_secret_value()
    bot = None
    if token:
        lines = Poster(
            ANYWHERE, time_limit=bot_api.TIME_LIMIT, answer_bytes_max=bot_api.ANSWER_BYTES_MAX
        )
        bot = BotApi(lines, url=ground.settings.telegram_api_url, token=token)
    # Telegram proves itself with it; nobody has to think of one, and every process knows it.
    secret = who.vault.digest(token, bound_to="telegram_webhook").hex() if token else ""
    intake = Intake(ground.database, bot, ground.now) if bot else None
    service = TelegramService(
        database=ground.database,
        wakeups=ground.wakeups,
        intake=intake,
        bot=bot,
        secret=secret,
        now=ground.now,
    )
    door = partial(add_TelegramServiceServicer_to_server, service)
    if bot is None or intake is None:
        return Part(door)
    messenger = Messenger(ground.database, bot, ground.now)
    channels[ChannelKind.TELEGRAM] = TelegramChannel(
        database=ground.database, messenger=messenger, doors=doors
    )
    return Part(
        door,
        (
            Fetching(
                intake=intake,
                bot=bot,
                wakeups=ground.wakeups,
                webhook_url=ground.settings.telegram_webhook_url,
                secret=secret,
            ).run,
            _handling(ground, bot, messenger, doors).run,
        ),
    )


def _handling(ground: Ground, bot: BotApi, messenger: Messenger, doors: InnerDoors) -> Handling:
    settings, now = ground.settings, ground.now
    desk = Desk(
        database=ground.database,
        bot=bot,
        messenger=messenger,
        doors=doors,
        pairing=Pairing(database=ground.database, wakeups=ground.wakeups, now=now),
        requests_per_minute=settings.telegram_requests_per_minute,
        now=now,
    )
    return Handling(desk, ground.wakeups, kept=settings.notifications_kept)
