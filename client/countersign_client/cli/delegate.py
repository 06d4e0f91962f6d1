"""Letting others decide for an account, and deciding for others."""

from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("delegate", "delegate_id"),
    column("account", "account_id"),
    column("owner", "owner_id"),
    column("user", "user_id"),
    column("since", "create_time"),
    column("ended", "revoke_time"),
)

app = typer.Typer(help="Let others decide for an account.", no_args_is_help=True)


@command(app)
def grant(
    *,
    account: Annotated[str, typer.Option(help="The account to decide for.")],
    user: Annotated[str, typer.Option(help="Who may: the id that their 'whoami' shows.")],
) -> None:
    """Let a user see an account's inbox, approve and reject; nothing else of it."""
    request = v1.GrantDelegateRequest(account_id=account, user_id=user)
    show(ask(lambda client: client.approvals.grant_delegate(request)).delegate, _COLUMNS)


@command(app, "list")
def list_(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List who decides for you, and for whom you may decide, newest first."""
    request = v1.ListDelegatesRequest(account_id=account)
    delegates = ask(
        lambda client: gather(
            client.approvals.list_delegates, request, lambda page: page.delegates, limit
        )
    )
    show_all(delegates, _COLUMNS, nothing="no delegates")


@command(app)
def revoke(delegate_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """End it; what is not decided by then they cannot decide any more."""
    request = v1.RevokeDelegateRequest(delegate_id=delegate_id)
    show(ask(lambda client: client.approvals.revoke_delegate(request)).delegate, _COLUMNS)
