"""What has been tried to close something, and how each attempt stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandState
from countersign_server.guards.closing_plan import Tried
from countersign_server.guards.records import Closing, Side

# A bridge that has told of no end for so long has lost it; what is open shows in its snapshots.
_BRIDGE_AT_WORK_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Origin:
    """What opened a position or placed an order, and what its mandate says."""

    command: Command
    producer_id: UUID
    producer_state: str | None  # None: it may trade
    expires_at: datetime
    close_on_expiry: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A closing, how its command stands, and what its deals made; None: no deal came."""

    closing: Closing
    state: CommandState | None
    settled: bool
    reason: str
    filled_volume: Decimal
    profit: Decimal | None
    heard_at: datetime


def tried_by(
    found: Sequence[Outcome], now: datetime
) -> tuple[Mapping[int, Tried], Mapping[int, Tried]]:
    """Return the newest attempt for each position, and for each pending order."""
    by_position: dict[int, Tried] = {}
    by_order: dict[int, Tried] = {}
    for one in found:
        tried = Tried(one.closing.attempt, _state_of(one, now), one.settled, one.heard_at)
        if one.closing.position_id:
            by_position[one.closing.position_id] = tried
        else:
            by_order[one.closing.order_ticket] = tried
    return by_position, by_order


def _state_of(one: Outcome, now: datetime) -> CommandState | None:
    """Return how an attempt stands; the bridge's own is in doubt while it may still be at work."""
    at_work = one.closing.side is Side.BRIDGE and one.closing.outcome in ("", "in-doubt")
    if at_work and now - one.heard_at < _BRIDGE_AT_WORK_FOR:
        return CommandState.IN_DOUBT
    return one.state
