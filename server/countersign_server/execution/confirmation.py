"""The token between a person's first and second word on a command in doubt."""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from countersign_server.execution.command import Command
from countersign_server.execution.settlement import Wish

LIFETIME = timedelta(minutes=2)
_MAC_DIGITS = 40

# Keyed: nobody without the server's key makes the token of a text.
Digest = Callable[[str], bytes]


def confirmation_of(wish: Wish, command: Command, *, digest: Digest, now: datetime) -> str:
    """Return the token that confirms this wish, of this person, of the command as it stands."""
    ends_ms = int((now + LIFETIME).timestamp() * 1000)
    return f"{ends_ms:x}.{_mac(wish, command, ends_ms, digest)}"


def is_confirmed(
    token: str, wish: Wish, command: Command, *, digest: Digest, now: datetime
) -> bool:
    """Tell whether the token is of this wish and state, and not past its time."""
    ends, _, mac = token.partition(".")
    try:
        ends_ms = int(ends, 16)
        over = datetime.fromtimestamp(ends_ms / 1000, UTC) <= now
    except (ValueError, OverflowError, OSError):
        return False
    expected = _mac(wish, command, ends_ms, digest)
    return not over and hmac.compare_digest(mac.encode(), expected.encode())


def settlement_id(token: str) -> UUID:
    """Return what a confirmed wish is named, so that a repeat of it is found."""
    return UUID(bytes=sha256(f"settlement:{token}".encode()).digest()[:16], version=4)


def _mac(wish: Wish, command: Command, ends_ms: int, digest: Digest) -> str:
    stands = (command.state, command.updated_at.isoformat(), command.settled_as)
    asked = (str(wish.command_id), wish.mark, str(wish.ticket), wish.actor, wish.reason)
    # The person's own words come last: nothing follows that they could pretend to be.
    return digest("\n".join((str(ends_ms), *stands, *asked))).hex()[:_MAC_DIGITS]
