"""Turning down what waits for a decision."""

from typing import Annotated

import typer

from countersign_client.cli.approval import APPROVAL, approval_of
from countersign_client.cli.invocation import command
from countersign_client.cli.session import ask, show
from countersign_client.client import Client
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app)
def reject(
    approval_id: Annotated[str, typer.Argument(help="UUID, from the inbox.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
) -> None:
    """Turn down what waits for your decision."""

    async def decide(client: Client) -> v1.Approval:
        approval = await approval_of(client, approval_id)
        request = v1.CreateApprovalRequest(
            signal_id=approval.signal_id,
            account_id=approval.account_id,
            decision=v1.Decision.REJECT,
            reason=reason,
        )
        return (await client.approvals.create_approval(request)).approval

    show(ask(decide), APPROVAL)
