"""A script's way in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from countersign_server.identity.user import User
from countersign_server.rpc.caller import Caller, Role

# So many in force for one owner; a script that makes tokens in a loop ends here.
IN_FORCE_MAX = 100


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that a script exchanges for access tokens."""

    id: UUID
    owner_id: UUID
    producer_id: UUID | None
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def session(self) -> str:
        """How access tokens, the audit and a revocation name the token."""
        return f"api_token:{self.id}"

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def caller(self, user: User) -> Caller:
        """Return who calls with an access token of this token, which belongs to `user`."""
        if self.producer_id is None:
            return user.caller(session=self.session)
        return Caller(self.producer_id, Role.PRODUCER, user.id, self.session)
