"""How long a snapshot may be believed."""

from datetime import timedelta

import pytest

from countersign_server.accounts.account import Snapshot
from countersign_server.reconciliation.freshness import is_stale
from tests.fixtures.back_office import HEARTBEAT, a_snapshot
from tests.fixtures.clock import START


def stale(snapshot: Snapshot, age: timedelta) -> bool:
    return is_stale(snapshot, now=START + age, heartbeat_interval=HEARTBEAT)


def test_a_snapshot_is_believed_for_three_heartbeats() -> None:
    assert not stale(a_snapshot(), 3 * HEARTBEAT)
    assert stale(a_snapshot(), 3 * HEARTBEAT + timedelta(milliseconds=1))


def test_what_a_terminal_remembered_while_cut_off_is_stale_at_once() -> None:
    assert stale(a_snapshot(connected=False), timedelta(0))


@pytest.mark.parametrize("skew", [timedelta(minutes=-1), timedelta(minutes=1)])
def test_neither_a_late_frame_nor_a_fast_clock_makes_an_old_reading_look_new(
    skew: timedelta,
) -> None:
    """A minute before the server's time: read long ago. A minute ahead: its clock is wrong."""
    snapshot = a_snapshot(event_time=START + skew)
    assert stale(snapshot, timedelta(0)) is (skew < timedelta(0))
    assert stale(snapshot, 4 * HEARTBEAT)
