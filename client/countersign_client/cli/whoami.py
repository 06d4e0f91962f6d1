"""Who is signed in."""

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.session import ask, show
from countersign_client.wire.countersign import v1

ME = (
    column("role", "role"),
    column("e-mail", "user.email"),
    column("name", "user.display_name"),
    column("user", "user.user_id"),
    column("producer", "producer_id"),
    column("device", "device_id"),
    column("account", "account_id"),
)

app = typer.Typer()


@command(app)
def whoami() -> None:
    """Show who is signed in."""
    show(ask(lambda client: client.identity.get_me(v1.GetMeRequest())), ME)
