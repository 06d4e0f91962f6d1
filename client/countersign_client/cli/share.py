"""Links that show an account's statistics to others."""

from datetime import timedelta
from typing import Annotated
from uuid import uuid4

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.screen import print_facts, print_json, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("link", "share_link_id"),
    column("account", "account_id"),
    column("title", "title"),
    column("made", "create_time"),
    column("ends", "expire_time"),
    column("revoked", "revoke_time"),
    column("report", "with_report"),
)

app = typer.Typer(help="Show statistics to others by a link.", no_args_is_help=True)


@command(app)
def create(
    *,
    account: Annotated[str, typer.Option(help="Whose statistics.")],
    title: Annotated[str, typer.Option(help="What everybody who has the link reads first.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it holds.")] = 30,
    with_report: Annotated[
        bool, typer.Option("--with-report", help="Show the one-page report as well.")
    ] = False,
) -> None:
    """Make a link. Its token is shown once; it shows no account number and no balance."""
    request = v1.CreateShareLinkRequest(
        request_id=str(uuid4()),
        account_id=account,
        title=title,
        lifetime=timedelta(days=days),
        with_report=with_report,
    )
    answer = ask(lambda client: client.analytics.create_share_link(request))
    if current().json:
        print_json(message_json(answer))
        return
    print_facts(answer.link, _COLUMNS)
    say(f"path   /api/v1/shared/{answer.token}")
    if with_report:
        say(f"report /api/v1/shared/{answer.token}/report")


@command(app, "list")
def list_(
    *,
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List links, newest first, without their tokens."""
    request = v1.ListShareLinksRequest(account_id=account)
    links = ask(
        lambda client: gather(
            client.analytics.list_share_links, request, lambda page: page.links, limit
        )
    )
    show_all(links, _COLUMNS, nothing="no share links")


@command(app)
def revoke(share_link_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """End a link at once."""
    request = v1.RevokeShareLinkRequest(share_link_id=share_link_id)
    show(ask(lambda client: client.analytics.revoke_share_link(request)).link, _COLUMNS)
