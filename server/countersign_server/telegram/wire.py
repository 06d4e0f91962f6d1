"""Chats as the contract shows them."""

from countersign.v1 import telegram_pb2 as pb
from countersign_server.notifications.wire import level_name, topic_name
from countersign_server.rpc.conversion import to_timestamp
from countersign_server.telegram.chat import Chat


def chat_message(chat: Chat) -> pb.TelegramChat:
    destination = chat.destination
    return pb.TelegramChat(
        chat_id=str(chat.id),
        display_name=chat.display_name,
        topics=[topic_name(topic) for topic in sorted(destination.topics)],
        level_min=level_name(destination.level_min),
        mute_end_time=to_timestamp(destination.muted_until),
        create_time=to_timestamp(destination.created_at),
        remove_time=to_timestamp(destination.ended_at),
        paused_reason=destination.paused_reason,
    )
