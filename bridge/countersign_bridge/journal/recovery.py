"""What the journal says of the past. Starting is always recovering; there is no other path."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from countersign_bridge.journal.records import Kept, Record, RecordKind
from countersign_bridge.trading.latch import Latch
from countersign_bridge.trading.requests import RequestFields
from countersign_bridge.trading.retcodes import Outcome
from countersign_guards.latch import TradingState

_MINUTE = timedelta(minutes=1)

AttemptKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SentIntent:
    """An order that was about to be sent, and may have been."""

    magic: int
    grant_id: bytes
    fields: RequestFields
    time: datetime


@dataclass(frozen=True, slots=True)
class OwnClosing:
    """An attempt of the guard's own: about to be sent, and it may have been."""

    attempt_id: str
    details: Mapping[str, Any]
    time: datetime

    @property
    def grant_id(self) -> bytes:
        return bytes.fromhex(self.details["grant_id"])


@dataclass(slots=True)
class Past:
    """Everything remembered. `results` holds the newest event of each attempt that has one."""

    generation_seen: int = 0
    latch: Latch = field(default_factory=Latch)
    magics: set[int] = field(default_factory=set[int])
    opening_magics: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    intents: dict[AttemptKey, SentIntent] = field(default_factory=dict[AttemptKey, SentIntent])
    outcomes: dict[AttemptKey, Outcome] = field(default_factory=dict[AttemptKey, Outcome])
    results: dict[AttemptKey, bytes] = field(default_factory=dict[AttemptKey, bytes])
    deal_tickets: set[int] = field(default_factory=set[int])
    canceled_deals: set[int] = field(default_factory=set[int])  # tickets of those told as such
    account_id: str = ""
    policy: tuple[int, str] | None = None  # its version and its text
    guard_memory: str = ""
    closings: dict[str, OwnClosing] = field(default_factory=dict[str, OwnClosing])
    closed: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    unacknowledged: list[Kept] = field(default_factory=list[Kept])

    def unresolved(self) -> list[AttemptKey]:
        """Return the attempts that may have been sent and whose end is not known."""
        return [
            key for key in self.intents if not self.outcomes.get(key, Outcome.IN_DOUBT).is_known
        ]

    def may_have_sent(self, approval: str) -> bool:
        """Return whether an order was sent for an approval, or may have been."""
        magics = self.opening_magics.get(approval)
        return bool(magics) and any(
            intent.magic in magics and self.outcomes.get(key) is not Outcome.NOT_SENT
            for key, intent in self.intents.items()
        )

    def used_grants(self) -> list[bytes]:
        return [sent.grant_id for sent in (*self.intents.values(), *self.closings.values())]

    def recent_send_ages(self, now: datetime) -> list[float]:
        """Return how many seconds ago orders were sent within the last minute."""
        sent = (*self.intents.values(), *self.closings.values())
        spans = (now - one.time for one in sent)
        return [span.total_seconds() for span in spans if timedelta(0) <= span < _MINUTE]

    def take(self, record: Record) -> None:
        """Remember one more record."""
        key = (record.command_id, record.attempt)
        details = record.details
        if record.kind is RecordKind.RECEIVED:
            self.magics.add(details["magic"])
            self.opening_magics.setdefault(details["approval"], set()).add(details["magic"])
        elif record.kind is RecordKind.INTENT:
            self.generation_seen = max(self.generation_seen, details["generation"])
            self.intents[key] = SentIntent(
                magic=details["magic"],
                grant_id=bytes.fromhex(details["grant_id"]),
                fields=details["fields"],
                time=record.time,
            )
        elif record.kind is RecordKind.RESULT:
            self.generation_seen = max(self.generation_seen, details["generation"])
            self.outcomes[key] = Outcome(details["outcome"])
            self.results[key] = record.event
        elif record.kind is RecordKind.DEAL:
            self.deal_tickets.add(details["ticket"])
            # Journals of earlier versions do not say: it is told once more.
            if details.get("canceled"):
                self.canceled_deals.add(details["ticket"])
        elif record.kind is RecordKind.GENERATION:
            self.generation_seen = max(self.generation_seen, details["generation"])
        elif record.kind is RecordKind.LATCH:
            state = TradingState(details["state"])
            self.latch = Latch(state, details["cause"], details["changes"])
        else:
            self._take_of_guard(record)

    def _take_of_guard(self, record: Record) -> None:
        details = record.details
        if record.kind is RecordKind.POLICY:
            self.policy = (details["version"], details["text"])
        elif record.kind is RecordKind.MEMORY:
            self.guard_memory = details["memory"]
            self.account_id = details["account_id"]
        elif record.kind is RecordKind.CLOSING:
            closing = OwnClosing(record.command_id, details, record.time)
            self.closings[record.command_id] = closing
        elif record.kind is RecordKind.CLOSED:
            self.closed[record.command_id] = Outcome(details["outcome"])


def recall(kept: Iterable[Kept]) -> Past:
    """Return what the records say, oldest first."""
    past = Past()
    for item in kept:
        past.take(item.record)
        if item.record.event and not item.acknowledged:
            past.unacknowledged.append(item)
    return past
