"""A trading day begins at one moment, also on the days on which clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, strategies as st

from countersign_guards.trading_day import TradingDay

PRAGUE = TradingDay(time(0, 0), "Europe/Prague")
NEW_YORK = TradingDay(time(17, 0), "America/New_York")


@pytest.mark.parametrize(
    ("trading_day", "day", "start"),
    [
        (PRAGUE, date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (PRAGUE, date(2026, 3, 30), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (PRAGUE, date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (PRAGUE, date(2026, 10, 26), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        (NEW_YORK, date(2026, 3, 7), datetime(2026, 3, 7, 22, tzinfo=UTC)),
        (NEW_YORK, date(2026, 3, 8), datetime(2026, 3, 8, 21, tzinfo=UTC)),
    ],
)
def test_a_day_begins_by_the_wall_clock_when_clocks_are_changed(
    trading_day: TradingDay, day: date, start: datetime
) -> None:
    assert trading_day.start_of(day) == start
    assert trading_day.day_of(start) == day
    assert trading_day.day_of(start - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_a_reset_time_that_comes_twice_counts_the_first_time() -> None:
    twice = TradingDay(time(2, 30), "Europe/Prague")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert twice.day_of(first) == date(2026, 10, 25)
    # An hour later the wall clock shows half past one again; the day does not go back.
    assert twice.day_of(first + timedelta(minutes=45)) == date(2026, 10, 25)


def test_a_reset_time_that_the_clock_skips_comes_as_much_later() -> None:
    skipped = TradingDay(time(2, 30), "Europe/Prague")
    assert skipped.start_of(date(2026, 3, 29)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(
    moment=st.datetimes(
        datetime(2020, 1, 2),  # noqa: DTZ001  # the strategy adds the zone
        datetime(2035, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    clock=st.times(),
    zone=st.sampled_from(
        ["UTC", "Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
    ),
)
def test_every_moment_belongs_to_the_one_day_that_has_begun_and_not_ended(
    moment: datetime, clock: time, zone: str
) -> None:
    trading_day = TradingDay(clock, zone)
    day = trading_day.day_of(moment)
    assert trading_day.start_of(day) <= moment < trading_day.start_of(day + timedelta(days=1))
