"""How far a bridge's clock is from ours."""

from datetime import datetime, timedelta

import pytest

from countersign_server.execution.bridge_clock import BridgeClock
from tests.fixtures.clock import START

SECOND = timedelta(seconds=1)


def heard(*heartbeats: tuple[timedelta, timedelta]) -> timedelta:
    """Hear heartbeats, each sent so far behind our clock and so long on its way."""
    clock = BridgeClock()
    for behind, underway in heartbeats:
        clock.hear(START - behind, now=START + underway)
    return clock.behind


def test_a_clock_that_nobody_has_heard_of_is_taken_to_be_right() -> None:
    assert heard() == timedelta(0)


@pytest.mark.parametrize("behind", [20 * SECOND, -20 * SECOND])
def test_of_what_a_heartbeat_shows_the_least_delayed_counts(behind: timedelta) -> None:
    assert heard((behind, 9 * SECOND), (behind, SECOND), (behind, 4 * SECOND)) == behind + SECOND


def test_a_clock_that_was_set_shows_after_some_heartbeats() -> None:
    right, set_back = (timedelta(0), timedelta(0)), (60 * SECOND, timedelta(0))
    assert heard(right, *[set_back] * 11) == timedelta(0)
    assert heard(right, *[set_back] * 12) == 60 * SECOND


def test_no_more_than_a_day_is_made_good() -> None:
    clock = BridgeClock()
    clock.hear(datetime.min.replace(tzinfo=START.tzinfo), now=START)
    assert clock.behind == timedelta(days=1)
