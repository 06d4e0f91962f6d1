"""People: making, listing and disabling users, and accepting an invitation."""

import asyncio
import os
from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.login import read_secret, remember, signed_in
from countersign_client.cli.profile import Profile, address_in_use
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, client_for, gather, show, show_all
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("user", "user_id"),
    column("e-mail", "email"),
    column("name", "display_name"),
    column("role", "role"),
    column("active", "active"),
    column("disabled", "disabled"),
    column("made", "create_time"),
)

app = typer.Typer(help="People and their invitations.", no_args_is_help=True)


class UserRole(StrEnum):
    """What a person may be."""

    OWNER = "owner"
    OPERATOR = "operator"


@command(app)
def create(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    *,
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    role: Annotated[UserRole, typer.Option(help="Owner or operator.")] = UserRole.OWNER,
) -> None:
    """Make a user; the invitation is shown this once. For operators."""
    request = v1.CreateUserRequest(email=email, display_name=name, role=value_of(v1.Role, role))
    made = ask(lambda client: client.identity.create_user(request))
    if current().json:
        print_json(message_json(made))
        return
    remark("send them the invitation; it works once, for seven days:")
    remark("  countersign user accept-invitation --address ADDRESS")
    say(made.invitation_token)


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List users, newest first. For operators."""
    users = ask(
        lambda client: gather(
            client.identity.list_users, v1.ListUsersRequest(), lambda page: page.users, limit
        )
    )
    show_all(users, _COLUMNS, nothing="no users")


@command(app)
def disable(user_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """Keep a user out, at once. For operators."""
    request = v1.DisableUserRequest(user_id=user_id)
    show(ask(lambda client: client.identity.disable_user(request)).user, _COLUMNS)


@command(app, "accept-invitation")
def accept_invitation(
    *,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Read invitation and password from input, a line each."
        ),
    ] = False,
    tls_root: Annotated[
        str, typer.Option(help="PEM file of the authority that the server's certificate is from.")
    ] = "",
    referral: Annotated[str, typer.Option(help="Code of whoever referred you.")] = "",
) -> None:
    """Set your first password, with the invitation you were sent, and sign in."""
    invitation = read_secret("Invitation", from_input=password_stdin)
    password = read_secret("New password (12 characters or more)", from_input=password_stdin)
    if not password_stdin and read_secret("Again", from_input=False) != password:
        raise invalid_value("the two passwords differ", field="password")
    bare = Profile(address_in_use(current().asked, os.environ), root_certificates=tls_root)
    request = v1.AcceptInvitationRequest(
        invitation_token=invitation, password=password, referral_code=referral
    )
    user, kept = asyncio.run(_accept(bare, request))
    remember(kept)
    show(user, _COLUMNS)


async def _accept(profile: Profile, request: v1.AcceptInvitationRequest) -> tuple[v1.User, Profile]:
    async with client_for(profile) as client:
        accepted = await client.identity.accept_invitation(request)
    return accepted.user, await signed_in(profile, accepted.session, days=90)
