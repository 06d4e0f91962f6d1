"""Pairing codes: short enough to type, of letters that are not taken for each other."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from countersign_server.identifiers import Random

# Neither 0 and O, nor 1, I and L.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 10
_GROUP = 5

# So many open ones for one account.
OPEN_MAX = 10


@dataclass(frozen=True, slots=True)
class PairingCode:
    """What a code stands for. The code itself is not kept."""

    owner_id: UUID
    account_id: UUID
    name: str  # of the device it becomes
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


def new_code(random: Random = secrets.token_bytes) -> str:
    """Return a random code in canonical form: 49 bits."""
    # 16 bytes for 31^10 codes: no code is likelier than another by more than one in 10^23.
    number = int.from_bytes(random(16), "big")
    letters: list[str] = []
    for _ in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def shown(code: str) -> str:
    """Return a code as people read it: "K7QXM-3TR9V"."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def canonical(typed: str) -> str:
    """Return what somebody typed without case, spaces and hyphens."""
    return "".join(letter for letter in typed.upper() if not letter.isspace() and letter != "-")
