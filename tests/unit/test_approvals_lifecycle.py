"""What can happen to an approval, and in which order."""

from itertools import product

import pytest
from hypothesis import given, strategies as st

from countersign_server.approvals.lifecycle import (
    TRANSITIONS,
    ApprovalEvent,
    ApprovalState,
    next_state,
)
from countersign_server.errors import IllegalTransition

FORBIDDEN = set(product(ApprovalState, ApprovalEvent)) - set(TRANSITIONS)


@pytest.mark.parametrize(("state", "event"), sorted(FORBIDDEN))
def test_every_transition_not_in_the_table_is_refused(
    state: ApprovalState, event: ApprovalEvent
) -> None:
    with pytest.raises(IllegalTransition) as refused:
        next_state(state, event)
    assert refused.value.facts == {"state": state, "event": event}


@given(
    start=st.sampled_from([ApprovalState.PENDING, ApprovalState.DECLINED]),
    events=st.lists(st.sampled_from(ApprovalEvent), max_size=12),
)
def test_no_history_decides_twice_or_trades_what_was_turned_down(
    start: ApprovalState, events: list[ApprovalEvent]
) -> None:
    state, happened = start, list[ApprovalEvent]()
    for event in events:
        try:
            state = next_state(state, event)
        except IllegalTransition:
            continue
        happened.append(event)

    decisions = [event for event in happened if event is not ApprovalEvent.REVOKE]
    assert len(decisions) <= 1
    assert ApprovalEvent.REVOKE not in happened or happened[0] is ApprovalEvent.APPROVE
    assert not happened or start is ApprovalState.PENDING


def test_only_what_waits_or_is_approved_can_still_change() -> None:
    open_states = {state for state in ApprovalState if not state.is_final}
    assert open_states == {ApprovalState.PENDING, ApprovalState.APPROVED}
