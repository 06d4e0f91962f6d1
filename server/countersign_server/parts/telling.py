"""How people and programs are told of what happened, made."""

from functools import partial

from countersign.v1.notifications_pb2_grpc import add_NotificationServiceServicer_to_server
from countersign.v1.webhooks_pb2_grpc import add_WebhookServiceServicer_to_server
from countersign_server.notifications.announcing import Announcer
from countersign_server.notifications.courier import Courier
from countersign_server.notifications.destination import ChannelKind
from countersign_server.notifications.loop import Announcing, Delivering, Tidying
from countersign_server.notifications.service import NotificationService
from countersign_server.outgoing.addresses import reach_of
from countersign_server.outgoing.posting import Poster
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People
from countersign_server.webhooks.posting import ANSWER_BYTES_MAX, TIME_LIMIT, WebhookChannel
from countersign_server.webhooks.service import WebhookService


def notifications(ground: Ground, who: People) -> Part:
    """Make what everybody is told by, whichever way."""
    database, wakeups, now = ground.database, ground.wakeups, ground.now
    poster = Poster(
        reach_of(ground.settings.webhook_networks),
        time_limit=TIME_LIMIT,
        answer_bytes_max=ANSWER_BYTES_MAX,
    )
    posted = WebhookChannel(database=database, vault=who.vault, poster=poster, now=now)
    courier = Courier(database=database, channels={ChannelKind.WEBHOOK: posted}, now=now)
    service = NotificationService(database=database, wakeups=wakeups, now=now)
    return Part(
        partial(add_NotificationServiceServicer_to_server, service),
        (
            Announcing(Announcer(database, now), wakeups).run,
            Delivering(courier, wakeups, poster).run,
            Tidying(database=database, kept=ground.settings.notifications_kept, now=now).run,
        ),
    )


def webhooks(ground: Ground, who: People) -> Part:
    """Make where webhook endpoints are registered."""
    service = WebhookService(
        database=ground.database,
        wakeups=ground.wakeups,
        vault=who.vault,
        reach=reach_of(ground.settings.webhook_networks),
        now=ground.now,
    )
    return Part(partial(add_WebhookServiceServicer_to_server, service))
