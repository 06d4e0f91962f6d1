"""A link that shows an account's statistics to whoever has it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

# So many in force for one owner.
IN_FORCE_MAX = 50


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link; what opens it is stored only as a digest."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    title: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    with_report: bool = False  # shows the report as well

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
