"""When a command in doubt may be presumed not executed.

Absence is never proof. It is presumed only when the terminal was connected ever since the order may
have been sent, its history adds up to the balance, so that nothing is missing from it, and it was
looked at after long enough.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb


@dataclass(frozen=True, slots=True)
class Doubt:
    """A command in doubt of which no evidence shows a trace."""

    command_id: UUID
    silent_since: datetime  # the grant, or when it came into doubt
    evidence: pb.Evidence  # the newest
    looked_at: datetime  # by the bridge's clock or by ours, whichever is the earlier


def may_presume(doubt: Doubt, *, presume_after: timedelta) -> bool:
    """Tell whether the newest evidence lets the command be presumed not executed."""
    evidence = doubt.evidence
    found = evidence.order_tickets or evidence.deal_tickets or evidence.position_tickets
    watched = evidence.connected_throughout or _watched_since(
        evidence, doubt.looked_at, presume_after
    )
    return (
        not found
        and evidence.history_complete
        and doubt.looked_at >= doubt.silent_since + presume_after
        and watched
    )


def _watched_since(evidence: pb.Evidence, looked_at: datetime, presume_after: timedelta) -> bool:
    """Tell whether the terminal has been connected long enough to have fetched what it missed.

    A bridge that was restarted cannot say what happened before; a terminal fetches the missing part
    of its history when it connects, and the balance shows whether it has.
    """
    if not evidence.HasField("connected_since_time"):
        return False
    # Within the years that there are: it was looked at when it came in.
    since = evidence.connected_since_time.ToDatetime(tzinfo=UTC)
    return looked_at >= since + presume_after
