"""The keys with which an owner signs approvals, so that nobody else can."""

from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column
from countersign_client.cli.login import read_secret
from countersign_client.cli.screen import remark
from countersign_client.cli.session import ask, show, show_all
from countersign_client.client import Client
from countersign_client.owner_keys import OwnerSigner
from countersign_client.wire.countersign import v1

_KEY = (
    column("key", "owner_key_id"),
    column("name", "name"),
    column("algorithm", "algorithm"),
    column("page", "origin"),
    column("made", "create_time"),
    column("revoked", "revoke_time"),
)

app = typer.Typer(help="Keys of your own that sign approvals.", no_args_is_help=True)


@command(app)
def register(
    name: Annotated[str, typer.Argument(help="What to call it, such as laptop.")],
    *,
    key: Annotated[
        Path, typer.Option(help="PEM of your Ed25519 private key; made if it is not there.")
    ] = Path("owner-key.pem"),
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Register a key. The private half stays in its file; your password is asked for once more."""
    password = read_secret("Password", from_input=password_stdin)
    signer = OwnerSigner.from_file(key) if key.exists() else OwnerSigner.made_in(key)
    show(ask(lambda client: _registered(client, name, signer, password)), _KEY)
    remark(
        f"the private key is in {key}: keep a copy where only you can get at it.\n"
        "Pin it at each bridge, and nothing is opened there that you did not sign:\n"
        f"  countersign-bridge owner-key add {signer.key_id} {name}"
    )


@command(app, "list")
def list_() -> None:
    """List your keys, newest first."""
    listed = ask(lambda client: client.identity.list_owner_keys(v1.ListOwnerKeysRequest()))
    show_all(listed.keys, _KEY, nothing="no keys: 'countersign key register NAME' makes one")


@command(app)
def revoke(key_id: Annotated[str, typer.Argument(help='"own_..."')]) -> None:
    """End a key: it approves nothing any more. Bridges that pin it are told there."""
    request = v1.RevokeOwnerKeyRequest(owner_key_id=key_id)
    show(ask(lambda client: client.identity.revoke_owner_key(request)).key, _KEY)
    remark(f"where it is pinned:\n  countersign-bridge owner-key remove {key_id}")


async def _registered(client: Client, name: str, signer: OwnerSigner, password: str) -> v1.OwnerKey:
    given = await client.identity.create_owner_key_challenge(
        v1.CreateOwnerKeyChallengeRequest(password=password)
    )
    request = v1.RegisterOwnerKeyRequest(
        name=name,
        public_key=signer.public_key,
        challenge=given.challenge,
        proof=signer.prove(given.challenge),
    )
    return (await client.identity.register_owner_key(request)).key
