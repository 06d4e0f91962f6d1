"""An account that fails is left alone, longer each time, and never for ever."""

from datetime import timedelta
from uuid import UUID

from countersign_server.analytics.setbacks import Setbacks
from tests.fixtures.clock import START

ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


def pause_of(setbacks: Setbacks) -> int:
    """Return after how many seconds an account that fails at START is tried again."""
    setbacks.failed(ACCOUNT, START)
    return next(s for s in range(10_000) if not setbacks.resting(START + timedelta(seconds=s)))


def test_each_failure_in_a_row_doubles_the_pause_up_to_ten_minutes() -> None:
    setbacks = Setbacks()

    pauses = [pause_of(setbacks) for _ in range(11)]

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]


def test_whoever_succeeds_begins_anew() -> None:
    setbacks = Setbacks()
    for _ in range(5):
        setbacks.failed(ACCOUNT, START)
    setbacks.succeeded(ACCOUNT)
    setbacks.succeeded(OTHER)

    assert not setbacks.resting(START)
    assert pause_of(setbacks) == 2


def test_only_whoever_failed_rests() -> None:
    setbacks = Setbacks()
    setbacks.failed(ACCOUNT, START)

    assert setbacks.resting(START) == [ACCOUNT]
