"""What waits for the owner's decision."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, countdown_column
from countersign_client.cli.screen import Column, print_json, print_table
from countersign_client.cli.session import ask
from countersign_client.client import Client
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app)
def inbox(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most this many.")] = 50,
    delegated: Annotated[
        bool, typer.Option("--delegated", help="In others' accounts, for which you may decide.")
    ] = False,
) -> None:
    """List what waits for your decision, the soonest to expire first."""
    answer = ask(lambda client: _waiting(client, account, limit, delegated=delegated))
    if current().json:
        print_json([message_json(approval) for approval in answer.approvals])
        return
    # By the server's clock: this machine's may be minutes off, and the server's decides.
    remaining = countdown_column("expires", "expire_time", now=answer.server_time)
    print_table(answer.approvals, (remaining, *_COLUMNS), nothing="nothing waits for you")


async def _waiting(
    client: Client, account: str, limit: int, *, delegated: bool
) -> v1.ListInboxResponse:
    if not delegated:
        return await client.approvals.list_inbox(
            v1.ListInboxRequest(account_id=account, page_size=limit)
        )
    answer = await client.approvals.list_delegated_inbox(v1.ListDelegatedInboxRequest())
    of_account = [one for one in answer.approvals if account in ("", one.account_id)]
    return v1.ListInboxResponse(approvals=of_account[:limit], server_time=answer.server_time)


def risk(approval: v1.Approval) -> str:
    """Return the money at risk; "?" if there is no stop or the symbol's values are unknown."""
    at_risk = approval.money_at_risk
    return f"{at_risk.amount} {at_risk.currency}" if at_risk.amount else "?"


def limits(approval: v1.Approval) -> str:
    """Return which limits it would break, or that none; and if nobody knows lately."""
    foresight = approval.foresight
    if not foresight.figures:
        return ""
    broken = [figure.text for figure in foresight.figures if figure.breaks]
    said = "; ".join(broken) or "kept"
    return f"{said} (read too long ago)" if foresight.stale else said


def figures(approval: v1.Approval) -> str:
    """Return where it would take the account with each limit."""
    return "; ".join(figure.text for figure in approval.foresight.figures)


_COLUMNS = (
    column("approval", "approval_id"),
    column("kind", "intent.kind"),
    column("symbol", "intent.symbol"),
    column("side", "intent.side"),
    column("lots", "intent.volume"),
    column("signal price", "signal_price"),
    column("stop", "intent.stop_loss"),
    column("target", "intent.take_profit"),
    Column("at risk", risk),
    Column("limits", limits),
    column("note", "note"),
)
