"""One signal before one account's owner, and what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from countersign_server.approvals.foresight import Foresight
from countersign_server.approvals.intents import Kind
from countersign_server.approvals.lifecycle import ApprovalEvent, ApprovalState
from countersign_server.errors import (
    AlreadyDecided,
    ApprovalDeclined,
    ApprovalExpired,
    IntentChanged,
)


class DecisionMode(StrEnum):
    """Who or what decided."""

    NOBODY = ""
    MANUAL = "manual"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One signal before one account's owner.

    Volumes in lots, prices in the quote currency; None: it has none. What approving it signs is
    `intent_text` and nothing else; None: it was declined before there was one.
    """

    id: UUID
    owner_id: UUID
    signal_id: UUID
    account_id: UUID
    subscription_id: UUID
    producer_id: UUID
    state: ApprovalState
    kind: Kind
    instrument: str
    side: str
    signal_price: Decimal | None
    currency: str
    note: str
    consent_version: str
    created_at: datetime
    expires_at: datetime
    signal_received_at: datetime
    intent_text: str | None = None
    intent_digest: str | None = None
    symbol: str | None = None
    volume: Decimal | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    price: Decimal | None = None  # of a pending order
    intent_expires_at: datetime | None = None
    opening_approval_id: UUID | None = None
    money_at_risk: Decimal | None = None
    reason: str = ""
    mode: DecisionMode = DecisionMode.NOBODY
    decided_by: UUID | None = None
    caller_address: str = ""
    caller_agent: str = ""
    decided_at: datetime | None = None
    decided_price: Decimal | None = None  # the market's as it was approved; None: nobody knew it
    command_id: UUID | None = None
    server_signature: bytes | None = None
    server_key_id: str | None = None
    owner_signature: Mapping[str, Any] | None = None
    # Where it would have taken the account as it was laid; None: it opens nothing, or was declined.
    foresight: Foresight | None = None

    @property
    def risk_reason(self) -> str:
        """Return which limit it would have broken as it was laid; empty: none."""
        refusal = self.foresight.refusal if self.foresight else None
        return refusal.reason if refusal else ""


# Which decision an approval in a decided state stands for.
_DECIDED: Mapping[ApprovalState, ApprovalEvent] = {
    ApprovalState.APPROVED: ApprovalEvent.APPROVE,
    ApprovalState.REVOKED: ApprovalEvent.APPROVE,
    ApprovalState.REJECTED: ApprovalEvent.REJECT,
}


def is_repeat(
    approval: Approval, wanted: ApprovalEvent, *, intent_digest: str, now: datetime
) -> bool:
    """Tell whether exactly this decision has been made before; False: it is still to be made.

    `wanted` is to approve or to reject; the digest counts only to approve. Raises ApprovalDeclined,
    ApprovalExpired, AlreadyDecided if another decision was made, IntentChanged if another intent
    was seen.
    """
    ids = {"approval_id": str(approval.id)}
    if approval.state is ApprovalState.DECLINED:
        raise ApprovalDeclined(
            f"the signal was declined for this account: {approval.reason}",
            declined_reason=approval.reason,
            **ids,
        )
    if approval.state is ApprovalState.EXPIRED or (
        approval.state is ApprovalState.PENDING and now >= approval.expires_at
    ):
        raise ApprovalExpired(f"it could be decided until {approval.expires_at.isoformat()}", **ids)
    decided = _DECIDED.get(approval.state)
    if decided not in (None, wanted):
        raise AlreadyDecided(f"it is {approval.state}", state=approval.state, **ids)
    if wanted is ApprovalEvent.APPROVE and intent_digest != approval.intent_digest:
        raise IntentChanged(
            "intent_digest is not the digest of this approval's intent",
            field="intent_digest",
            intent_digest=approval.intent_digest or "",
            **ids,
        )
    return decided is not None
