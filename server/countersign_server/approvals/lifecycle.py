"""The life of an approval, from the inbox to the owner's word."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from countersign_server.errors import IllegalTransition


class ApprovalState(StrEnum):
    """Where an approval stands."""

    PENDING = "pending"  # before the owner
    APPROVED = "approved"  # the command exists
    REJECTED = "rejected"
    EXPIRED = "expired"
    DECLINED = "declined"  # refused by rule before anyone was asked
    REVOKED = "revoked"  # approved, and taken back before the grant

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return not any(state is self for state, _ in TRANSITIONS)


class ApprovalEvent(StrEnum):
    """What can happen to an approval."""

    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"
    REVOKE = "revoke"


# It begins pending or declined. There is no way back to PENDING, and none from REJECTED to
# APPROVED: an owner decides once.
TRANSITIONS: Mapping[tuple[ApprovalState, ApprovalEvent], ApprovalState] = MappingProxyType(
    {
        (ApprovalState.PENDING, ApprovalEvent.APPROVE): ApprovalState.APPROVED,
        (ApprovalState.PENDING, ApprovalEvent.REJECT): ApprovalState.REJECTED,
        (ApprovalState.PENDING, ApprovalEvent.EXPIRE): ApprovalState.EXPIRED,
        (ApprovalState.APPROVED, ApprovalEvent.REVOKE): ApprovalState.REVOKED,
    }
)


def next_state(state: ApprovalState, event: ApprovalEvent) -> ApprovalState:
    """Return the state that `event` leads to. Raises IllegalTransition if there is none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"an approval that is {state} cannot {event}", state=state, event=event
        ) from None
