"""An entry on the screen, and the text that approving it signs."""

from hashlib import sha256

from countersign_client.cli.inbox import figures, limits, risk
from countersign_client.cli.labels import column, countdown_column
from countersign_client.cli.screen import Column
from countersign_client.client import Client
from countersign_client.errors import Code, Conflict
from countersign_client.wire.countersign import v1

APPROVAL = (
    column("approval", "approval_id"),
    column("state", "state"),
    column("why", "reason"),
    column("signal", "signal_id"),
    column("account", "account_id"),
    column("producer", "producer_id"),
    column("signal price", "signal_price"),
    Column("at risk", risk),
    Column("limits", limits),
    Column("figures", figures),
    column("note", "note"),
    countdown_column("expires", "expire_time"),
    column("decided", "decide_time"),
    column("decided by", "decided_by"),
    column("signed with", "owner_signature.owner_key_id"),
    column("command", "command_id"),
)


async def approval_of(client: Client, approval_id: str) -> v1.Approval:
    """Return one entry. Raises NotFound."""
    return (
        await client.approvals.get_approval(v1.GetApprovalRequest(approval_id=approval_id))
    ).approval


def digest_of(intent: v1.Intent) -> str:
    """Return the digest of the text that was shown, computed here.

    Raises Conflict, DIGEST_MISMATCH, if it is not the one the server states: then what is shown is
    not what is signed.
    """
    digest = sha256(intent.text.encode()).hexdigest()
    if not intent.text or digest != intent.digest:
        raise Conflict(
            "the intent's text is not the one its digest was made of",
            code=Code.ABORTED,
            reason="DIGEST_MISMATCH",
        )
    return digest
