"""Signing off: the intent is shown, and what was shown is what is approved."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.approval import APPROVAL, approval_of, digest_of
from countersign_client.cli.invocation import command, current
from countersign_client.cli.screen import print_facts, remark, say
from countersign_client.cli.session import ask, show
from countersign_client.errors import Code, NotNow, invalid_value
from countersign_client.owner_keys import OwnerSigner
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app)
def approve(
    approval_id: Annotated[str, typer.Argument(help="UUID, from the inbox.")],
    *,
    reason: Annotated[str, typer.Option(help="Kept with the decision.")] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            help="Sign with your own key: PEM of its private half.",
            envvar="COUNTERSIGN_OWNER_KEY",
            show_envvar=True,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show what will be sent to the terminal, ask, and sign it off."""
    signer = None if key is None else OwnerSigner.from_file(key)
    approval = ask(lambda client: approval_of(client, approval_id))
    if approval.state != v1.ApprovalState.PENDING:
        show(approval, APPROVAL)
        raise NotNow(
            "it does not wait for a decision any more",
            code=Code.FAILED_PRECONDITION,
            reason="ALREADY_DECIDED",
        )
    digest = digest_of(approval.intent)
    if not yes:
        _confirm(approval)
    request = v1.CreateApprovalRequest(
        signal_id=approval.signal_id,
        account_id=approval.account_id,
        decision=v1.Decision.APPROVE,
        intent_digest=digest,
        reason=reason,
    )
    if signer is not None:
        # Only now: what was not looked at, and agreed to, is not signed.
        request.owner_signature = signer.approve(approval.intent.text)
    show(ask(lambda client: client.approvals.create_approval(request)).approval, APPROVAL)


def _confirm(approval: v1.Approval) -> None:
    if not sys.stdin.isatty():
        raise invalid_value("there is nobody to ask: add --yes to approve", field="yes")
    # With --json standard output holds the answer alone.
    if current().json:
        remark(approval.intent.text)
    else:
        print_facts(approval, APPROVAL)
        say(f"\n{approval.intent.text}")
    typer.confirm("Sign this off?", abort=True, err=True)
