"""Who decides for an account that is another's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Delegate:
    """A user whom the owner of an account lets decide for it; `revoked_at` None: it holds."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    user_id: UUID
    created_at: datetime
    revoked_at: datetime | None = None
