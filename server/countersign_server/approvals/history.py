"""What the audit tells of an approval."""

from datetime import datetime

from countersign_server.approvals.approval import Approval
from countersign_server.approvals.lifecycle import ApprovalState
from countersign_server.audit.entries import Entry, Facts, Trace


def entry_of(
    approval: Approval, *, before: Approval | None, trace: Trace, now: datetime, note: str = ""
) -> Entry:
    """Return the audit entry of an approval that has just reached its state.

    `before` None: it is new. `note` is an upper-case reason that stands beside the state: why a
    rule that could have approved did not.
    """
    return Entry(
        kind=f"approval.{approval.state}",
        subject=f"approval:{approval.id}",
        event_time=now,
        trace=trace,
        owner_id=approval.owner_id,
        signal_id=approval.signal_id,
        account_id=approval.account_id,
        command_id=approval.command_id,
        before=None if before is None else {"state": before.state},
        after={**_facts(approval), **({"note": note} if note else {})},
    )


def _facts(approval: Approval) -> Facts:
    facts = {"state": approval.state, "reason": approval.reason}
    match approval.state:
        case ApprovalState.PENDING | ApprovalState.DECLINED:
            return facts | {
                "kind": approval.kind,
                "instrument": approval.instrument,
                "side": approval.side,
                "volume": approval.volume,
                "intent_digest": approval.intent_digest,
                "expires_at": approval.expires_at,
                "subscription_id": approval.subscription_id,
                "producer_id": approval.producer_id,
                "risk_reason": approval.risk_reason,
            }
        case ApprovalState.APPROVED | ApprovalState.REJECTED:
            return facts | {
                "mode": approval.mode,
                "decided_by": approval.decided_by,
                "intent_digest": approval.intent_digest,
                "consent_version": approval.consent_version,
                "caller_agent": approval.caller_agent,
                "server_key_id": approval.server_key_id,
                **_owner_key(approval),
            }
        case ApprovalState.EXPIRED | ApprovalState.REVOKED:
            return facts


def _owner_key(approval: Approval) -> Facts:
    signed = approval.owner_signature
    return {"owner_key_id": signed["owner_key_id"]} if signed else {}
