"""A person who signs in, and the invitation that comes before."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from countersign_server.rpc.caller import Caller, Role


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in."""

    id: UUID
    email: str
    display_name: str
    role: Role
    password_hash: str | None  # None: has not accepted the invitation yet
    created_at: datetime
    disabled_at: datetime | None
    referral_code: str = ""

    @property
    def may_sign_in(self) -> bool:
        return self.password_hash is not None and self.disabled_at is None

    @property
    def subject(self) -> str:
        """How the audit and a revocation name the user."""
        return f"user:{self.id}"

    def caller(self, *, session: str) -> Caller:
        """Return who calls with an access token of this sign-in."""
        return Caller(self.id, self.role, self.id, session)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A user's way in, once."""

    user_id: UUID
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at
