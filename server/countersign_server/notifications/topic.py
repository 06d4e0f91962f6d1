"""What an event is about, and how urgent it is: read off the kind of its audit entry."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any


class Topic(StrEnum):
    """What an event is about."""

    SIGNAL = "signal"
    APPROVAL = "approval"
    COMMAND = "command"
    DEAL = "deal"
    GUARD = "guard"
    DIVERGENCE = "divergence"
    PAYOUT = "payout"
    DEVICE = "device"
    SECURITY = "security"
    TEST = "test"


class Level(IntEnum):
    """How urgent an event is: the more, the higher."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


# By what stands before the first dot of a kind. A subject that is not here is told to nobody.
_TOPICS: Mapping[str, Topic] = {
    "signal": Topic.SIGNAL,
    "approval": Topic.APPROVAL,
    "command": Topic.COMMAND,
    "anomaly": Topic.COMMAND,
    "deal": Topic.DEAL,
    "guard": Topic.GUARD,
    "kill_switch": Topic.GUARD,
    "divergence": Topic.DIVERGENCE,
    "payout": Topic.PAYOUT,
    "device": Topic.DEVICE,
    "delegate": Topic.SECURITY,
    "owner_key": Topic.SECURITY,
    "password": Topic.SECURITY,
    "producer_key": Topic.SECURITY,
    "api_token": Topic.SECURITY,
    "telegram_chat": Topic.SECURITY,
}
# Kinds whose beginning misleads.
_TOPIC_OF_KIND: Mapping[str, Topic] = {
    "account.trading_state_changed": Topic.GUARD,
    "payout.bank_details_opened": Topic.SECURITY,
    "webhook_endpoint.tested": Topic.TEST,
}
_CRITICAL = {
    "command.in-doubt",
    "divergence.escalated",
    "guard.closing-announced",
    "guard.closing_failed",
    "guard.flattening",
    "guard.latched",
    "guard.tripped_at_bridge",
    "kill_switch.pulled",
    "delegate.granted",
    "owner_key.registered",
}
_WARNINGS = {
    "approval.expired",
    "approval.declined",
    "command.rejected",
    "command.expired",
    "command.not-sent",
    "command.partial",
    "command.presumed-not-executed",
    "deal.canceled",
    "device.paired",
    "device.registered",
    "divergence.open",
    "guard.warned",
    "guard.closing_at_bridge",
    "payout.bank_details_opened",
    "payout.failed",
    "signal.undeliverable",
}
# Steps on the way, for programs that follow along; a person is told where they led.
STEPS = frozenset(
    {
        *("signal.accepted", "signal.delivered", "signal.redelivered", "signal.refusals_counted"),
        *("command.approved", "command.offered", "command.granted", "command.received"),
        *("command.intent", "command.working", "command.cancel_asked", "device.connected"),
    }
)


def topic_of(kind: str) -> Topic | None:
    """Return what an event of this kind is about; None: it is told to nobody."""
    return _TOPIC_OF_KIND.get(kind) or _TOPICS.get(kind.partition(".")[0])


def level_of(kind: str, after: Mapping[str, Any]) -> Level:
    """Return how urgent an event is; `after` are the facts that its audit entry gives."""
    if kind.startswith("anomaly.") or kind in _CRITICAL:
        return Level.CRITICAL
    if kind == "account.trading_state_changed":
        return Level.INFO if after.get("state") == "active" else Level.CRITICAL
    return Level.WARNING if kind in _WARNINGS else Level.INFO
