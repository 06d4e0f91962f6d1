"""What is told of an event, whichever way it goes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from countersign_server.audit.log import LogEntry


def body_of(entry: LogEntry) -> str:
    """Return an event as JSON, without the address it came from: that is for the audit alone."""
    data: dict[str, Any] = {
        "sequence": entry.sequence,
        "subject": entry.subject,
        "actor": entry.actor,
        "signal_id": _text(entry.signal_id),
        "account_id": _text(entry.account_id),
        "command_id": _text(entry.command_id),
        "before": facts_in(entry.before_json) or None,
        "after": facts_in(entry.after_json) or None,
    }
    told = {"type": entry.kind, "timestamp": _moment(entry.event_time), "data": data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def facts_in(text: str) -> Mapping[str, Any]:
    """Return the facts of an audit entry's JSON; empty text has none."""
    return json.loads(text) if text else {}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _moment(moment: datetime) -> str:
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"
