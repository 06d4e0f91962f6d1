"""A sign-in, and what prolongs it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from countersign_server.rpc.caller import Caller, Role

_PREFIX = "session:"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One of the tokens that prolong a session, each in its turn."""

    session_id: UUID
    user_id: UUID
    expires_at: datetime
    used_at: datetime | None
    ended_at: datetime | None

    @property
    def session(self) -> str:
        return session_name(self.session_id)


class RefreshVerdict(StrEnum):
    """What a refresh token is good for."""

    RENEW = "renew"
    REFUSE = "refuse"
    # Two hold it, and one of them is a thief: which one cannot be told, so both go.
    END_SESSION = "end-session"


def judge(token: RefreshToken | None, now: datetime) -> RefreshVerdict:
    """Return what comes of a refresh token that was handed in at `now`; None: there is no such."""
    if token is None or token.ended_at is not None or now >= token.expires_at:
        return RefreshVerdict.REFUSE
    if token.used_at is not None:
        return RefreshVerdict.END_SESSION
    return RefreshVerdict.RENEW


def session_name(session_id: UUID) -> str:
    """Return how access tokens, the audit and a revocation name a sign-in."""
    return f"{_PREFIX}{session_id}"


def session_id_of(caller: Caller) -> UUID | None:
    """Return which sign-in a caller came by; None: it did not come by password."""
    prefix, _, rest = caller.session.partition(":")
    return UUID(rest) if prefix + ":" == _PREFIX else None


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What the devices area says of a device whose secret was right."""

    device_id: UUID
    owner_id: UUID
    account_id: UUID
    session: str  # of this secret: ends when the secret is changed
    revoked: bool

    def caller(self) -> Caller:
        return Caller(self.device_id, Role.DEVICE, self.owner_id, self.session, self.account_id)
