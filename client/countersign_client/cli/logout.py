"""Signing out: the token that login made ends at the server, and is forgotten here."""

import asyncio
import os
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.profile import (
    Profile,
    config_path,
    profile_name,
    read_profiles,
    write_profiles,
)
from countersign_client.cli.screen import print_json, say
from countersign_client.cli.session import client_for
from countersign_client.wire.countersign import v1

app = typer.Typer()


@command(app)
def logout(
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Forget the token here; it stays valid at the server.")
    ] = False,
) -> None:
    """End the token that login made, and forget it."""
    path, name = config_path(os.environ), profile_name(current().asked, os.environ)
    profiles = read_profiles(path)
    kept = profiles.pop(name, None)
    ended = kept is not None and bool(kept.token_id) and not local
    if kept is not None:
        if ended:
            asyncio.run(_end(kept))
        write_profiles(path, profiles)
    if current().json:
        print_json({"profile": name, "wasSignedIn": kept is not None, "tokenEnded": ended})
    elif kept is None:
        say(f"nobody was signed in under the profile {name}")
    else:
        say(f"signed out of {kept.address}" + ("" if ended else "; the token itself stays valid"))


async def _end(profile: Profile) -> None:
    async with client_for(profile) as client:
        await client.identity.revoke_api_token(v1.RevokeApiTokenRequest(token_id=profile.token_id))
