"""The key that signs: its id, and its secret, which is never an argument that others could see."""

import os
from pathlib import Path
from typing import Annotated

import typer

from countersign_client.errors import invalid_value
from countersign_client.signing import Signer

_KEY_BYTES_MAX = 10_000


def signer(
    *,
    key_id: Annotated[
        str, typer.Option(help='"key_..."', envvar="COUNTERSIGN_KEY_ID", show_envvar=True)
    ] = "",
    secret_file: Annotated[
        Path | None, typer.Option(help="File with csk_...; absent: COUNTERSIGN_SECRET.")
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option(help="PEM of an Ed25519 private key, instead of a secret.")
    ] = None,
) -> Signer | None:
    """Return the signer that options name; None: no key was named. Raises Invalid."""
    secret = os.environ.get("COUNTERSIGN_SECRET", "")
    if not key_id and not secret and secret_file is None and private_key is None:
        return None
    if not key_id:
        raise invalid_value("--key-id or COUNTERSIGN_KEY_ID is needed", field="key_id")
    if private_key is not None:
        return Signer.from_private_key(key_id, _content(private_key))
    if secret_file is not None:
        return Signer.from_secret(key_id, _content(secret_file).decode(errors="replace"))
    if not secret:
        raise invalid_value(
            "the secret is needed: COUNTERSIGN_SECRET, --secret-file or --private-key",
            field="secret",
        )
    return Signer.from_secret(key_id, secret)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_BYTES_MAX)
    except OSError as error:
        raise invalid_value(f"{path} cannot be read: {error.strerror}", field="key") from None
