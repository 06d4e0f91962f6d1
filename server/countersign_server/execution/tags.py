"""The tag of an order, by which it is found again whatever happened to it."""

from hashlib import sha256
from uuid import UUID


def magic_of(*, account_id: UUID, command_id: UUID, attempt: int) -> int:
    """Return the 62-bit tag of an attempt, 1 to 2**62. `docs/protocol.md` has the formula.

    MetaTrader keeps an order's magic number in its deals and positions, as a signed 64-bit number.
    """
    digest = sha256(f"{account_id}:{command_id}:{attempt}".encode()).digest()
    return 1 + (int.from_bytes(digest, "big") >> 194)
