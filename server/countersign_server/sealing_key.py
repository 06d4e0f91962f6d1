"""Where the key comes from that seals secrets at rest."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from countersign_server.settings import Settings

_BYTES = 32


class SealingKeyInvalid(Exception):
    """The key cannot be used; the message says what to do."""


def sealing_key(settings: Settings) -> bytes:
    """Return the key from the settings; in development, one of our own that is kept in data_dir.

    Raises SealingKeyInvalid.
    """
    text = settings.sealing_key.get_secret_value()
    if text:
        return _decoded(text, "COUNTERSIGN_SEALING_KEY")
    if settings.environment == "production":
        raise SealingKeyInvalid(
            "COUNTERSIGN_SEALING_KEY is not set: make one with "
            "'openssl rand -base64 32' and keep it outside the database"
        )
    path = settings.data_dir / "sealing.key"
    if not path.exists():
        _write_once(path, base64.b64encode(secrets.token_bytes(_BYTES)).decode())
    return _decoded(path.read_text().strip(), str(path))


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _BYTES:
        raise SealingKeyInvalid(f"{source} must be {_BYTES} bytes in base64")
    return key


def _write_once(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process was first; its key is the one
    with os.fdopen(handle, "w") as file:
        file.write(text)
