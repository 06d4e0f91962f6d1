"""What is written down, and how a torn or altered line is told from a whole one."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from countersign_bridge.terminal.wire import encode


class RecordKind(StrEnum):
    """The kinds of record. Recovery is reading them again in order."""

    RECEIVED = "RECEIVED"  # an offer was verified and will be claimed
    DECLINED = "DECLINED"  # an offer was not taken, and why
    INTENT = "INTENT"  # an order is about to be sent; synced before it is
    RESULT = "RESULT"  # how an attempt ended, or that nobody knows
    DEAL = "DEAL"  # a deal the terminal showed
    GENERATION = "GENERATION"  # the highest count of grants seen
    LATCH = "LATCH"  # the account's trading state as it last changed
    POLICY = "POLICY"  # the policy that guards the account, from now on
    MEMORY = "MEMORY"  # all that the guard remembers; only the newest counts
    GUARD = "GUARD"  # something that the guard did by itself
    CLOSING = "CLOSING"  # the guard is about to close something itself; synced before it does
    CLOSED = "CLOSED"  # how that ended, or that nobody knows


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened, with the event that tells the server of it.

    One record, not two: a crash between a result and its event would tear them apart.
    `command_id` empty and `attempt` 0 where the record is about no command; `event` empty where
    nobody is told.
    """

    kind: RecordKind
    time: datetime
    command_id: str = ""
    attempt: int = 0
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    event: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record in its place in the journal."""

    number: int
    record: Record
    acknowledged: bool


def checksum(number: int, texts: tuple[str, ...], event: bytes) -> int:
    """Return the CRC-32 of a record: of its number, its texts and its event, lengths included."""
    crc = zlib.crc32(struct.pack(">q", number))
    for part in (*(text.encode() for text in texts), event):
        crc = zlib.crc32(struct.pack(">I", len(part)) + part, crc)
    return crc


def plain_details(details: Mapping[str, object]) -> dict[str, Any]:
    """Return details as the journal's JSON knows them."""
    return {name: encode(value) for name, value in details.items()}
