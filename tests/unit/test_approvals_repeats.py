"""One decision for each signal and account: what a repeat is, and what contradicts it."""

import pytest

from countersign_server.approvals.approval import is_repeat
from countersign_server.approvals.lifecycle import ApprovalEvent, ApprovalState
from countersign_server.errors import (
    AlreadyDecided,
    ApprovalDeclined,
    ApprovalExpired,
    CountersignError,
    IntentChanged,
)
from tests.fixtures.approvals import NOW, an_approval

APPROVE, REJECT = ApprovalEvent.APPROVE, ApprovalEvent.REJECT
DIGEST = an_approval().intent_digest or ""


def answer(
    state: ApprovalState, wanted: ApprovalEvent, *, digest: str = DIGEST, late: bool = False
) -> bool | type[CountersignError]:
    approval = an_approval(state=state, reason="STOP_REQUIRED")
    try:
        return is_repeat(
            approval, wanted, intent_digest=digest, now=approval.expires_at if late else NOW
        )
    except CountersignError as refusal:
        return type(refusal)


@pytest.mark.parametrize(
    ("state", "approving", "rejecting"),
    [
        (ApprovalState.PENDING, False, False),
        (ApprovalState.APPROVED, True, AlreadyDecided),
        (ApprovalState.REJECTED, AlreadyDecided, True),
        (ApprovalState.REVOKED, True, AlreadyDecided),
        (ApprovalState.EXPIRED, ApprovalExpired, ApprovalExpired),
        (ApprovalState.DECLINED, ApprovalDeclined, ApprovalDeclined),
    ],
)
def test_the_same_decision_is_a_repeat_and_another_contradicts(
    state: ApprovalState,
    approving: object,
    rejecting: object,
) -> None:
    assert answer(state, APPROVE) == approving
    assert answer(state, REJECT) == rejecting


@pytest.mark.parametrize("wanted", [APPROVE, REJECT])
def test_what_waits_is_not_decided_at_or_after_its_expiry(wanted: ApprovalEvent) -> None:
    assert answer(ApprovalState.PENDING, wanted, late=True) is ApprovalExpired


def test_a_repeat_is_answered_however_late_it_comes() -> None:
    assert answer(ApprovalState.APPROVED, APPROVE, late=True) is True
    assert answer(ApprovalState.REJECTED, REJECT, late=True) is True


@pytest.mark.parametrize("state", [ApprovalState.PENDING, ApprovalState.APPROVED])
def test_only_the_intent_that_was_seen_is_approved(state: ApprovalState) -> None:
    assert answer(state, APPROVE, digest="00" * 32) is IntentChanged


def test_rejecting_does_not_depend_on_what_was_seen() -> None:
    assert answer(ApprovalState.PENDING, REJECT, digest="") is False


def test_the_refusal_names_the_reason_of_the_decline() -> None:
    approval = an_approval(state=ApprovalState.DECLINED, reason="STOP_REQUIRED")
    with pytest.raises(ApprovalDeclined) as refused:
        is_repeat(approval, APPROVE, intent_digest="", now=NOW)
    assert refused.value.facts["declined_reason"] == "STOP_REQUIRED"
