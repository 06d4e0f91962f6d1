"""One change of state, as the audit tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from countersign_server.decimals import decimal_text

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """Who caused a change, and from where."""

    actor: str  # "user:<id>", "producer:<id>", "device:<id>", "system:<loop>"
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of state.

    `before` None: there was nothing; `owner_id` None: it concerns the platform.
    """

    kind: str  # "approval.approved"
    subject: str  # "approval:<id>"
    event_time: datetime
    trace: Trace
    owner_id: UUID | None = None
    signal_id: UUID | None = None
    account_id: UUID | None = None
    command_id: UUID | None = None
    before: Facts | None = None
    after: Facts | None = None


def canonical_json(facts: Facts | None) -> str:
    """Return `facts` as the JSON that is hashed: keys sorted, no spaces, decimals as text."""
    if facts is None:
        return ""
    return json.dumps(
        facts, sort_keys=True, separators=(",", ":"), default=_plain, ensure_ascii=False
    )


def _plain(value: object) -> str:
    match value:
        case Decimal():
            return decimal_text(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical JSON form")
