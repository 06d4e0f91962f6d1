"""Who is on the other end of a call, and everything else that holds for one call."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from countersign_server.errors import Forbidden


class Role(StrEnum):
    """What a caller may do."""

    OWNER = "owner"
    OPERATOR = "operator"
    PRODUCER = "producer"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as proven by the token."""

    id: UUID  # of the user, the producer or the device
    role: Role
    owner_id: UUID  # the user, or the user to whom the producer or device belongs
    session: str  # names the sign-in, so that it can be revoked
    account_id: UUID | None = None  # of a device
    # When the token that proved it ends; None: it was not proven by a token.
    token_expires_at: datetime | None = field(default=None, compare=False)

    @property
    def tenant(self) -> UUID | None:
        """Whose rows the caller may see; None: everybody's."""
        return None if self.role is Role.OPERATOR else self.owner_id

    @property
    def actor(self) -> str:
        """How the audit names the caller."""
        kind = self.role if self.role in (Role.PRODUCER, Role.DEVICE) else "user"
        return f"{kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Call:
    """What holds for one call. `caller` is None for those that anyone may make."""

    request_id: str
    address: str
    agent: str
    caller: Caller | None


_call: ContextVar[Call] = ContextVar("call")
current_call = _call.get
bind_call = _call.set


def current_caller() -> Caller:
    """Return who is calling. Only for methods that need a token, which the boundary has checked."""
    caller = _call.get().caller
    if caller is None:
        raise Forbidden("this needs an access token")
    return caller
