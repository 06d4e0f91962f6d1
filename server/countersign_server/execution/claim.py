"""What a bridge asks for when it claims a command."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One bridge's wish to send one attempt of one command."""

    account_id: UUID
    command_id: UUID
    attempt: int
    nonce: bytes
    device_id: UUID
    valid_for: timedelta  # how long a grant would hold, from the moment the claim was sent
    now: datetime
