"""An attempt is sent at most once, within its grant, and only while everything still holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, strategies as st

from countersign_bridge.clock import Moment
from countersign_bridge.trading.attempts import (
    TRANSITIONS,
    Attempt,
    AttemptEvent,
    AttemptState,
    Circumstances,
    Grant,
    IllegalTransition,
    forgo_reason,
    next_state,
)
from countersign_bridge.trading.targets import Target
from countersign_bridge.trading.verification import Offer
from tests.fixtures.bridge_world import an_intent

FORBIDDEN = set(product(AttemptState, AttemptEvent)) - set(TRANSITIONS)
START = Moment(datetime(2026, 1, 5, 9, 30, tzinfo=UTC), 1000.0)
OFFER = Offer("c", 1, "", "", "", b"", "", None, 77, Target())
GRANT = Grant(b"g" * 16, timedelta(seconds=5), 77, 1)
FAIR = Circumstances(
    session_open=True, latch_lets=True, terminal_connected=True, account_is_ours=True
)


def claimed() -> Attempt:
    return Attempt(OFFER, an_intent(), AttemptState.CLAIMED, claimed_at=START)


@pytest.mark.parametrize(("state", "event"), sorted(FORBIDDEN))
def test_every_transition_not_in_the_table_is_refused(
    state: AttemptState, event: AttemptEvent
) -> None:
    with pytest.raises(IllegalTransition):
        next_state(state, event)


@given(events=st.lists(st.sampled_from(AttemptEvent), max_size=20))
def test_no_history_sends_an_attempt_twice(events: list[AttemptEvent]) -> None:
    state, happened = AttemptState.INSPECTING, list[AttemptEvent]()
    for event in events:
        try:
            state = next_state(state, event)
        except IllegalTransition:
            continue
        happened.append(event)

    assert happened.count(AttemptEvent.SEND) <= 1
    assert happened.count(AttemptEvent.GRANT) <= 1
    if AttemptEvent.SEND in happened:
        assert AttemptEvent.GRANT in happened[: happened.index(AttemptEvent.SEND)]
        assert state is not AttemptState.WITHDRAWN


def test_doubt_is_not_the_end() -> None:
    assert not AttemptState.IN_DOUBT.is_over
    assert AttemptState.WITHDRAWN.is_over
    assert AttemptState.CONCLUDED.is_over


def test_a_grant_that_holds_may_be_used() -> None:
    in_time = START.later(timedelta(seconds=4.999))
    assert forgo_reason(claimed(), GRANT, FAIR, in_time) is None


@pytest.mark.parametrize(
    ("steady_s", "wall_s"), [(5.0, 5.0), (5.0, 0.1), (0.1, 5.0), (0.1, 3600.0), (30.0, -3600.0)]
)
def test_a_grant_has_lapsed_when_either_clock_says_so(steady_s: float, wall_s: float) -> None:
    now = Moment(START.utc + timedelta(seconds=wall_s), START.monotonic + steady_s)
    assert forgo_reason(claimed(), GRANT, FAIR, now) == "GRANT_LAPSED"


@pytest.mark.parametrize(
    ("attempt", "grant", "circumstances", "reason"),
    [
        (replace(claimed(), cancelled=True), GRANT, FAIR, "CANCELLED"),
        (claimed(), replace(GRANT, magic=78), FAIR, "MAGIC_MISMATCH"),
        (claimed(), GRANT, replace(FAIR, latch_lets=False), "HALTED"),
        (claimed(), GRANT, replace(FAIR, session_open=False), "SESSION_LOST"),
        (claimed(), GRANT, replace(FAIR, terminal_connected=False), "TERMINAL_DISCONNECTED"),
        (claimed(), GRANT, replace(FAIR, account_is_ours=False), "ACCOUNT_CHANGED"),
    ],
)
def test_anything_that_no_longer_holds_forgoes_the_send(
    attempt: Attempt, grant: Grant, circumstances: Circumstances, reason: str
) -> None:
    assert forgo_reason(attempt, grant, circumstances, START) == reason
