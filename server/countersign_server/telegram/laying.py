"""An approval laid before its owner in a chat, with the two buttons that decide it."""

from datetime import UTC
from uuid import UUID

from countersign.v1 import approvals_pb2
from countersign_server.telegram.button import Action, Button, Reply
from countersign_server.telegram.person import Person
from countersign_server.telegram.text import approval_text


async def laid(person: Person, approval: approvals_pb2.Approval) -> Reply:
    """Return the message about an approval; with buttons only while it waits."""
    text = approval_text(approval, account=await person.account_name(approval.account_id))
    if approval.state != approvals_pb2.APPROVAL_STATE_PENDING:
        return Reply(text)
    rows = (
        (_button(Action.APPROVE, "Approve", approval), _button(Action.REJECT, "Reject", approval)),
    )
    return Reply(text, rows, approval_id=UUID(approval.approval_id))


def _button(action: Action, label: str, approval: approvals_pb2.Approval) -> Button:
    return Button(
        action=action,
        label=label,
        expires_at=approval.expire_time.ToDatetime(UTC),
        subject=approval.approval_id,
        # What the person reads is what is decided: another intent has another digest.
        digest=approval.intent.digest,
    )
