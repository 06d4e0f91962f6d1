"""Chats with the bot: pairing them, what they are told of, and ending them."""

from datetime import UTC, datetime
from typing import Annotated

import betterproto.lib.google.protobuf as well_known
import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.moments import countdown
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.cli.webhook import Level, Topic
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_CHAT = (
    column("chat", "chat_id"),
    column("with", "display_name"),
    column("topics", "topics"),
    column("from level", "level_min"),
    column("muted until", "mute_end_time"),
    column("paused", "paused_reason"),
    column("paired", "create_time"),
)

app = typer.Typer(help="Alerts and decisions in Telegram.", no_args_is_help=True)

ChatId = Annotated[str, typer.Argument(help="UUID.")]


@command(app)
def pair() -> None:
    """Make a link that pairs a chat with you. One use, ten minutes."""
    request = v1.CreateTelegramPairingRequest()
    made = ask(lambda client: client.telegram.create_telegram_pairing(request))
    if current().json:
        print_json(message_json(made))
        return
    say(made.link)
    remark(f"open it on your phone; ends {countdown(made.expire_time, datetime.now(UTC))}")


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List paired chats, newest first."""
    found = ask(
        lambda client: gather(
            client.telegram.list_telegram_chats,
            v1.ListTelegramChatsRequest(),
            lambda page: page.chats,
            limit,
        )
    )
    show_all(found, _CHAT, nothing="no chats; 'countersign telegram pair' makes one")


@command(app)
def update(
    chat_id: ChatId,
    *,
    topic: Annotated[list[Topic] | None, typer.Option(help="Only these; repeat.")] = None,
    level: Annotated[Level | None, typer.Option(help="The least urgent.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All topics again.")] = False,
) -> None:
    """Choose what a chat is told of; what is critical comes all the same."""
    chat = v1.TelegramChat(chat_id=chat_id)
    paths: list[str] = []
    if topic:
        chat.topics = [value_of(v1.EventTopic, one) for one in topic]
        paths.append("topics")
    if level is not None:
        chat.level_min = value_of(v1.NotificationLevel, level)
        paths.append("level_min")
    request = v1.UpdateTelegramChatRequest(
        chat=chat,
        update_mask=well_known.FieldMask(paths=paths),
        clear_mask=well_known.FieldMask(paths=["topics"] if everything else []),
    )
    show(ask(lambda client: client.telegram.update_telegram_chat(request)).chat, _CHAT)


@command(app)
def remove(chat_id: ChatId) -> None:
    """End a chat: nothing is sent there any more, and its buttons do nothing."""
    request = v1.RemoveTelegramChatRequest(chat_id=chat_id)
    show(ask(lambda client: client.telegram.remove_telegram_chat(request)).chat, _CHAT)
