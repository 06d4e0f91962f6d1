"""When an owner is not to be disturbed."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from countersign_server.accounts.quiet_hours import QuietHours, zone_or_none

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(start: str, end: str) -> QuietHours:
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end), BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "quiet"),
    [
        ("2026-01-05T20:59:59", False),  # 21:59:59 in Berlin
        ("2026-01-05T21:00:00", True),
        ("2026-01-05T23:30:00", True),  # half past midnight
        ("2026-01-06T05:59:59", True),
        ("2026-01-06T06:00:00", False),
    ],
)
def test_hours_over_midnight_end_on_the_next_day(now: str, quiet: bool) -> None:  # noqa: FBT001  # a table's column
    assert berlin("22:00", "07:00").covers(at(now)) is quiet


@pytest.mark.parametrize(
    ("now", "quiet"),
    [("2026-01-05T11:59:59", True), ("2026-01-05T12:00:00", False), ("2026-01-05T23:00:00", False)],
)
def test_hours_within_a_day_end_on_the_same_day(now: str, quiet: bool) -> None:  # noqa: FBT001  # a table's column
    assert berlin("09:00", "13:00").covers(at(now)) is quiet


def test_summer_time_moves_the_hours_with_the_clock_on_the_wall() -> None:
    quiet = berlin("22:00", "07:00")
    assert quiet.covers(at("2026-01-05T05:30:00"))  # 06:30 in winter
    assert not quiet.covers(at("2026-07-05T05:30:00"))  # 07:30 in summer


def test_hours_that_begin_in_the_skipped_hour_begin_when_the_clock_has_jumped() -> None:
    quiet = berlin("02:30", "06:00")
    jump = at("2026-03-29T01:00:00")  # 02:00 becomes 03:00
    assert not quiet.covers(jump - timedelta(seconds=1))
    assert quiet.covers(jump)


def test_the_repeated_hour_is_quiet_twice() -> None:
    quiet = berlin("02:00", "02:30")
    first, second = at("2026-10-25T00:10:00"), at("2026-10-25T01:10:00")  # both 02:10
    assert quiet.covers(first)
    assert quiet.covers(second)


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))


@given(
    start=minutes,
    end=minutes,
    now=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
)
def test_a_moment_is_quiet_from_start_to_end_or_from_end_to_start_never_both(
    start: time, end: time, now: datetime
) -> None:
    if start == end:
        return
    there = QuietHours(start, end, BERLIN).covers(now)
    back = QuietHours(end, start, BERLIN).covers(now)
    assert there is not back


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/New_York"])
def test_zones_are_known_by_their_names(name: str) -> None:
    assert zone_or_none(name) == ZoneInfo(name)


@pytest.mark.parametrize("name", ["Europe", "Nowhere/Else", "../etc/passwd", "/etc/passwd", "\0"])
def test_what_is_not_the_name_of_a_zone_is_none(name: str) -> None:
    assert zone_or_none(name) is None
