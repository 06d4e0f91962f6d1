"""Who wants to know of what, and through which channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from countersign_server.notifications.topic import Level, Topic


class ChannelKind(StrEnum):
    """The way a notification goes."""

    WEBHOOK = "webhook"
    TELEGRAM = "telegram"


# How the audit names destinations of each kind.
SUBJECTS: Mapping[ChannelKind, str] = {
    ChannelKind.WEBHOOK: "webhook_endpoint",
    ChannelKind.TELEGRAM: "telegram_chat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where notifications go, and which of an owner's events it wants."""

    id: UUID
    owner_id: UUID
    channel: ChannelKind
    topics: frozenset[Topic]  # empty: all
    level_min: Level
    created_at: datetime
    account_id: UUID | None = None  # only events of it; None: of all
    producer_id: UUID | None = None  # only events about its signals; None: no such limit
    paused_reason: str = ""  # upper-case; empty: it is not paused
    muted_until: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, as far as it decides who is told."""

    owner_id: UUID
    topic: Topic
    level: Level
    subject: str
    is_step: bool  # on the way to something that is told as well
    account_id: UUID | None
    producer_id: UUID | None  # whose signal it is about; None: none, or not known


def wants(destination: Destination, event: Event, now: datetime) -> bool:
    """Tell whether a destination is told of an event."""
    if destination.ended_at is not None or destination.owner_id != event.owner_id:
        return False
    if event.topic is Topic.TEST:
        return event.subject.endswith(f":{destination.id}")
    if not _covers(destination, event):
        return False
    if destination.channel is ChannelKind.TELEGRAM and event.level is Level.CRITICAL:
        return True  # a person is told, whatever was left out or muted
    return _is_asked_for(destination, event, now)


def _is_asked_for(destination: Destination, event: Event, now: datetime) -> bool:
    if destination.muted_until is not None and now < destination.muted_until:
        return False
    if destination.channel is ChannelKind.TELEGRAM and event.is_step:
        return False
    is_among = not destination.topics or event.topic in destination.topics
    return is_among and event.level >= destination.level_min


def _covers(destination: Destination, event: Event) -> bool:
    """Tell whether an event is of the account and of the producer that a destination is about."""
    if destination.account_id not in (None, event.account_id):
        return False
    if destination.producer_id is None:
        return True
    return event.topic is Topic.SIGNAL and destination.producer_id == event.producer_id
