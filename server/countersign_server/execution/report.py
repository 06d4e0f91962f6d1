"""A report: what a device said happened, kept once under its natural key."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from countersign_server.audit.entries import Trace
from countersign_server.execution.bridge_clock import BridgeClock

# What evidence shows, kept beside it so that it can be asked for.
FOUND, ABSENT = "found", "absent"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports, for which account, in which session."""

    account_id: UUID
    owner_id: UUID
    device_id: UUID
    session_epoch: bytes
    trace: Trace
    clock: BridgeClock = field(default_factory=BridgeClock, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report, as it is remembered."""

    account_id: UUID
    natural_key: str  # the same happening always has the same
    owner_id: UUID
    command_id: UUID | None
    device_id: UUID
    kind: str
    outcome: str = ""  # of a result or of evidence
    retcode: int = 0  # MetaTrader's
    error_code: int = 0  # the MetaTrader package's
    reason: str = ""
    detail: str = ""
    body: bytes  # the message as it came
    event_time: datetime  # by the bridge's clock
    received_at: datetime
