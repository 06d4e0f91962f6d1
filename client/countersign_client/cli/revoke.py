"""Taking an approval back."""

from typing import Annotated

import typer

from countersign_client.cli.approval import APPROVAL
from countersign_client.cli.invocation import command
from countersign_client.cli.session import ask, show
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app)
def revoke(
    approval_id: Annotated[str, typer.Argument(help="UUID.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the revocation.")] = "",
) -> None:
    """Take an approval back, which is guaranteed until its command is granted."""
    request = v1.RevokeApprovalRequest(approval_id=approval_id, reason=reason)
    show(ask(lambda client: client.approvals.revoke_approval(request)).approval, APPROVAL)
