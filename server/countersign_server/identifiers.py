"""Ids that sort by the time they were made, and secrets that cannot be guessed."""

import base64
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from uuid import UUID

Random = Callable[[int], bytes]

_UUID7_FIXED = 0x7 << 76 | 0b10 << 62  # version and variant
_UUID7_RANDOM = 0xFFF << 64 | (2**62 - 1)
_TAIL = 10  # bytes


def uuid7(now: datetime, random: Random = os.urandom) -> UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7) for the moment `now`."""
    return next(uuids7(now, 1, random))


def uuids7(now: datetime, count: int, random: Random = os.urandom) -> Iterator[UUID]:
    """Yield `count` UUIDs of version 7 for one moment, by one draw of random bytes.

    A draw lets other threads run, and has to wait until they pause.
    """
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    fixed, drawn = milliseconds << 80 | _UUID7_FIXED, random(_TAIL * count)
    for start in range(0, len(drawn), _TAIL):
        tail = int.from_bytes(drawn[start : start + _TAIL], "big") & _UUID7_RANDOM
        yield UUID(int=fixed | tail)


def new_secret(prefix: str, random: Random = secrets.token_bytes) -> str:
    """Return a secret of 256 random bits as `<prefix>_` and base64url without padding."""
    return f"{prefix}_{base64.urlsafe_b64encode(random(32)).rstrip(b'=').decode()}"


def digest_of(secret: str) -> bytes:
    """Return what is stored instead of a secret that has 256 bits of its own: its SHA-256."""
    return sha256(secret.encode()).digest()
