"""What is known of a command in doubt, in people's words."""

from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.command import Command


def summary_of(command: Command, known: pb.GetEvidenceResponse) -> str:
    """Say what was sent and when, what the terminal shows by its tag, and what that proves."""
    return " ".join(
        (
            _sent(command, known),
            _shown(command, known),
            "It has not been sent again.",
            *_said(known),
        )
    )


def _sent(command: Command, known: pb.GetEvidenceResponse) -> str:
    if command.granted_at is None:
        return "No permission to send is on record."
    permitted = f"Permission to send was given at {command.granted_at:%H:%M:%S.%f} UTC"
    if not known.HasField("intent_time"):
        return f"{permitted}; the bridge has not told that it used it."
    return f"{permitted}; the bridge wrote down that it sends at {_time(known.intent_time)}."


def _shown(command: Command, known: pb.GetEvidenceResponse) -> str:
    if not known.HasField("evidence"):
        return "The terminal has shown nothing yet."
    evidence = known.evidence
    found = [
        f"{len(tickets)} {name} ({', '.join(map(str, tickets[:5]))})"
        for name, tickets in (
            ("orders", evidence.order_tickets),
            ("deals", evidence.deal_tickets),
            ("positions", evidence.position_tickets),
        )
        if tickets
    ]
    shows = ", ".join(found) if found else "no order, deal or position"
    connected = "connected throughout" if evidence.connected_throughout else _since(evidence)
    books = (
        "its deals add up to the balance"
        if evidence.history_complete
        else "its deals do not add up to the balance, so that something may be missing"
    )
    return (
        f"As of {_time(known.evidence_time)} MetaTrader shows {shows} with the tag "
        f"{command.magic:x} ({connected}; {books})."
    )


def _since(evidence: pb.Evidence) -> str:
    if not evidence.HasField("connected_since_time"):
        return "not connected throughout"
    return f"connected only since {_time(evidence.connected_since_time)}"


def _said(known: pb.GetEvidenceResponse) -> list[str]:
    return [
        f"{one.actor} said {pb.Settlement.Name(one.settlement).removeprefix('SETTLEMENT_')} "
        f"at {_time(one.create_time)}: {one.reason}."
        for one in known.settlements
    ]


def _time(stamp: Timestamp) -> str:
    return f"{stamp.ToDatetime(tzinfo=UTC):%H:%M:%S.%f} UTC"
