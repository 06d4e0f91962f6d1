"""Ids that sort by the time they were made, and secrets that cannot be guessed."""

import base64
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

Random = Callable[[int], bytes]

_UUID7_FIXED = 0x7 << 76 | 0b10 << 62  # version and variant
_UUID7_RANDOM = 0xFFF << 64 | (2**62 - 1)


def uuid7(now: datetime, random: Random = os.urandom) -> UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7) for the moment `now`."""
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    tail = int.from_bytes(random(10), "big") & _UUID7_RANDOM
    return UUID(int=milliseconds << 80 | _UUID7_FIXED | tail)


def new_secret(prefix: str, random: Random = secrets.token_bytes) -> str:
    """Return a secret of 256 random bits as `<prefix>_` and base64url without padding."""
    return f"{prefix}_{base64.urlsafe_b64encode(random(32)).rstrip(b'=').decode()}"


def digest_of(secret: str) -> bytes:
    """Return what is stored instead of a secret that has 256 bits of its own: its SHA-256."""
    return sha256(secret.encode()).digest()
