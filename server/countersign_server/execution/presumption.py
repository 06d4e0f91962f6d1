"""When a command in doubt may be presumed not executed.

Absence is never proof. It is presumed only when the terminal was connected ever since the order may
have been sent, its history adds up to the balance, so that nothing is missing from it, and it was
looked at after long enough.
"""

from datetime import UTC, datetime, timedelta

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.command import Command


def silent_since(command: Command) -> datetime:
    """Return since when nothing was heard of a command in doubt."""
    return command.granted_at or command.updated_at


def may_presume(
    known: pb.GetEvidenceResponse, *, silent_since: datetime, presume_after: timedelta
) -> bool:
    """Tell whether the newest evidence lets the command be presumed not executed."""
    if not known.HasField("evidence"):
        return False
    evidence = known.evidence
    found = evidence.order_tickets or evidence.deal_tickets or evidence.position_tickets
    looked_at = known.evidence_time.ToDatetime(tzinfo=UTC)
    return (
        not found
        and evidence.history_complete
        and looked_at >= silent_since + presume_after
        and (evidence.connected_throughout or _watched_since(evidence, looked_at, presume_after))
    )


def _watched_since(evidence: pb.Evidence, looked_at: datetime, presume_after: timedelta) -> bool:
    """Tell whether the terminal has been connected long enough to have fetched what it missed.

    A bridge that was restarted cannot say what happened before; a terminal fetches the missing part
    of its history when it connects, and the balance shows whether it has.
    """
    if not evidence.HasField("connected_since_time"):
        return False
    return looked_at >= evidence.connected_since_time.ToDatetime(tzinfo=UTC) + presume_after
