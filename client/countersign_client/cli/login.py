"""Signing in: a password is exchanged for an API token, which is kept; the password is not."""

import asyncio
import os
import platform
import sys
from typing import Annotated
from uuid import uuid4

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.profile import (
    Profile,
    address_in_use,
    config_path,
    profile_name,
    read_profiles,
    write_profiles,
)
from countersign_client.cli.screen import remark
from countersign_client.cli.session import client_for, show
from countersign_client.cli.whoami import ME
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

_PASSWORD_CHARACTERS_MAX = 200

app = typer.Typer()


@command(app)
def login(
    *,
    email: Annotated[str, typer.Option(help="Your e-mail address; asked for if absent.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    api_token: Annotated[
        bool,
        typer.Option(
            "--api-token", help="Keep an API token instead; asked for, or read from input."
        ),
    ] = False,
    tls_root: Annotated[
        str, typer.Option(help="PEM file of the authority that the server's certificate is from.")
    ] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long to stay signed in.")] = 90,
) -> None:
    """Sign in, and keep a token for later commands.

    The token is kept in the configuration file, which only you can read. The password is not kept.
    """
    bare = Profile(address_in_use(current().asked, os.environ), root_certificates=tls_root)
    if api_token:
        kept = Profile(bare.address, read_secret("API token", from_input=False), "", tls_root)
    else:
        name = email or typer.prompt("E-mail", err=True)
        kept = asyncio.run(
            _token_for(bare, name, read_secret("Password", from_input=password_stdin), days)
        )
    me = asyncio.run(_me(kept))
    remember(kept)
    show(me, ME)


def remember(profile: Profile) -> None:
    """Keep `profile` under the name in use."""
    path, name = config_path(os.environ), profile_name(current().asked, os.environ)
    write_profiles(path, read_profiles(path) | {name: profile})
    remark(f"signed in at {profile.address} as profile {name}, kept in {path}")


async def signed_in(profile: Profile, session: v1.CreateSessionResponse, days: int) -> Profile:
    """Return the profile with an API token of its own; the session ends."""
    async with client_for(_with(profile, session.access_token)) as client:
        made = await client.identity.create_api_token(
            v1.CreateApiTokenRequest(
                request_id=str(uuid4()),
                name=f"countersign on {platform.node()}"[:64],
                lifetime_days=days,
            )
        )
        await client.identity.end_session(v1.EndSessionRequest(refresh_token=session.refresh_token))
    return Profile(profile.address, made.secret, made.token.token_id, profile.root_certificates)


def read_secret(what: str, *, from_input: bool) -> str:
    """Return a secret that is typed unseen, or is a line of standard input. Raises Invalid."""
    if from_input or not sys.stdin.isatty():
        text = sys.stdin.readline(_PASSWORD_CHARACTERS_MAX + 2).rstrip("\r\n")
    else:
        text = str(typer.prompt(what, hide_input=True, err=True))
    if not 1 <= len(text) <= _PASSWORD_CHARACTERS_MAX:
        raise invalid_value(f"the {what.lower()} must have 1 to 200 characters", field="secret")
    return text


async def _token_for(profile: Profile, email: str, password: str, days: int) -> Profile:
    proof = v1.PasswordProof(email=email, password=password)
    async with client_for(profile) as client:
        session = await client.identity.create_session(v1.CreateSessionRequest(password=proof))
    return await signed_in(profile, session, days)


async def _me(profile: Profile) -> v1.GetMeResponse:
    async with client_for(profile) as client:
        return await client.identity.get_me(v1.GetMeRequest())


def _with(profile: Profile, token: str) -> Profile:
    return Profile(profile.address, token, root_certificates=profile.root_certificates)
