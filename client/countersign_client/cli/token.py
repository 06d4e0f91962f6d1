"""API tokens: what scripts sign in with."""

from typing import Annotated
from uuid import uuid4

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("token", "token_id"),
    column("name", "name"),
    column("producer", "producer_id"),
    column("expires", "expire_time"),
    column("last used", "last_used_time"),
    column("revoked", "revoke_time"),
)

app = typer.Typer(help="API tokens for scripts.", no_args_is_help=True)


@command(app)
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    producer: Annotated[str, typer.Option(help="Producer it speaks for; absent: you.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lives.")] = 90,
) -> None:
    """Make a token; it is shown this once."""
    request = v1.CreateApiTokenRequest(
        request_id=str(uuid4()), name=name, producer_id=producer, lifetime_days=days
    )
    made = ask(lambda client: client.identity.create_api_token(request))
    if current().json:
        print_json(message_json(made))
        return
    remark("shown this once; keep it where your script finds it, as COUNTERSIGN_TOKEN")
    say(made.secret)


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List your tokens, newest first."""
    tokens = ask(
        lambda client: gather(
            client.identity.list_api_tokens,
            v1.ListApiTokensRequest(),
            lambda page: page.tokens,
            limit,
        )
    )
    show_all(tokens, _COLUMNS, nothing="no tokens")


@command(app)
def revoke(token_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """End a token, and every access token that came from it."""
    request = v1.RevokeApiTokenRequest(token_id=token_id)
    show(ask(lambda client: client.identity.revoke_api_token(request)).token, _COLUMNS)
