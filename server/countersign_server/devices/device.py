"""One installed bridge."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

# So many active ones for one account; a setup script in a loop ends here.
ACTIVE_MAX = 20


@dataclass(frozen=True, slots=True)
class TerminalHealth:
    """What a bridge says of its terminal."""

    connected: bool
    trade_allowed: bool
    account_trade_allowed: bool
    api_disabled: bool
    build: int
    ping_last_us: int  # 0: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One installed bridge, which serves one account."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    name: str
    secret_number: int  # 1, 2, 3...: how many secrets it has had
    created_at: datetime
    revoked_at: datetime | None = None
    last_seen_at: datetime | None = None
    agent_version: str = ""
    terminal: TerminalHealth | None = None
    lease_expires_at: datetime | None = None  # None: holds no lease

    @property
    def subject(self) -> str:
        """How the audit and a revocation name the device."""
        return f"device:{self.id}"

    @property
    def session(self) -> str:
        """How access tokens and a revocation name the sign-ins of the secret in force."""
        return f"{self.subject}:{self.secret_number}"

    def holds_lease(self, now: datetime) -> bool:
        return self.lease_expires_at is not None and now < self.lease_expires_at


def facts_of(device: Device) -> Mapping[str, Any]:
    """Return what the audit tells of a device."""
    return {
        "account_id": device.account_id,
        "name": device.name,
        "secret_number": device.secret_number,
        "agent_version": device.agent_version,
        "revoked_at": device.revoked_at,
    }


def terminal_row(terminal: TerminalHealth | None) -> dict[str, Any] | None:
    """Return what is stored of a terminal's health."""
    return None if terminal is None else asdict(terminal)
