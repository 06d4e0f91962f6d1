"""The life of a command: what may follow what, and what may never."""

from itertools import product

import pytest
from hypothesis import given, strategies as st

from countersign_server.errors import IllegalTransition
from countersign_server.execution.lifecycle import (
    CONTRADICTED_BY_A_DEAL,
    OPEN,
    TRANSITIONS,
    UNGRANTED,
    CommandEvent,
    CommandState,
    next_state,
)

FORBIDDEN = sorted(set(product(CommandState, CommandEvent)) - set(TRANSITIONS))
SHOWN = {CommandEvent.SHOW_ALL, CommandEvent.SHOW_PART}


@pytest.mark.parametrize(("state", "event"), FORBIDDEN)
def test_every_transition_not_in_the_table_is_refused(
    state: CommandState, event: CommandEvent
) -> None:
    with pytest.raises(IllegalTransition):
        next_state(state, event)


@given(events=st.lists(st.sampled_from(CommandEvent), max_size=20))
def test_no_history_grants_a_command_twice(events: list[CommandEvent]) -> None:
    state, grants = CommandState.APPROVED, 0
    for event in events:
        try:
            after = next_state(state, event)
        except IllegalTransition:
            continue
        grants += event is CommandEvent.GRANT
        state = after
    assert grants <= 1


def test_only_an_offered_command_is_granted() -> None:
    granting = {state for state, event in TRANSITIONS if event is CommandEvent.GRANT}
    assert granting == {CommandState.OFFERED}


def test_nothing_that_may_have_been_sent_can_be_offered_again() -> None:
    offering = {state for state, event in TRANSITIONS if event is CommandEvent.OFFER}
    assert offering == UNGRANTED


def test_a_command_that_may_have_been_sent_is_neither_revoked_nor_expired() -> None:
    ending = {
        state for state, event in TRANSITIONS if event in {CommandEvent.REVOKE, CommandEvent.EXPIRE}
    }
    assert ending == UNGRANTED


@pytest.mark.parametrize("state", sorted(set(CommandState) - {CommandState.EXECUTED}))
def test_a_deal_for_all_of_it_beats_every_state(state: CommandState) -> None:
    assert next_state(state, CommandEvent.SHOW_ALL) is CommandState.EXECUTED


def test_what_a_deal_contradicts_are_the_states_that_say_nothing_was_sent() -> None:
    may_have_traded = {
        CommandState.GRANTED,
        CommandState.WORKING,
        CommandState.IN_DOUBT,
        CommandState.PARTIAL,
        CommandState.EXECUTED,
    }
    assert set(CommandState) - may_have_traded == CONTRADICTED_BY_A_DEAL


def test_doubt_never_becomes_certainty_by_itself() -> None:
    from_doubt = {
        event: after
        for (state, event), after in TRANSITIONS.items()
        if state is CommandState.IN_DOUBT
    }
    assert from_doubt[CommandEvent.PRESUME] is CommandState.PRESUMED_NOT_EXECUTED
    assert CommandEvent.EXPIRE not in from_doubt
    assert CommandEvent.REVOKE not in from_doubt


def test_what_is_open_can_still_change_without_a_deal() -> None:
    for state in OPEN:
        assert any(s is state and event not in SHOWN for s, event in TRANSITIONS)
