"""When a deal was made: UTC only where somebody knows it, else the broker's clock by its name."""

from datetime import UTC, datetime, timedelta

import pytest

from countersign_client.cli.stats import deal_time_text
from countersign_server.analytics.deal_time import DealTime, deal_time, earliest, latest, likely_utc

EPOCH = datetime.fromtimestamp(0, UTC)
NOW = datetime(2026, 11, 21, 19, 15, 7, tzinfo=UTC)
BROKERS = int((NOW + timedelta(hours=2)).timestamp() * 1000)
TWO_HOURS = 7200


def test_a_deal_that_was_told_at_once_has_its_time_in_utc_and_by_the_brokers_clock() -> None:
    told = deal_time(BROKERS, TWO_HOURS, told_at=NOW + timedelta(seconds=3))
    assert (told.utc, told.broker_text) == (NOW, "2026-11-21 21:15:07")


@pytest.mark.parametrize("late", [timedelta(days=2), timedelta(days=200)])
def test_how_far_the_clock_was_long_ago_is_not_guessed_from_how_far_it_is_now(
    late: timedelta,
) -> None:
    assert deal_time(BROKERS, TWO_HOURS, told_at=NOW + late).utc is None


def test_a_clock_that_nobody_told_of_is_not_taken_for_utc() -> None:
    assert deal_time(BROKERS, None, told_at=NOW).utc is None


def test_a_time_beyond_all_years_is_no_error() -> None:
    assert deal_time(253_402_300_799_999, -93_600, told_at=NOW).utc is None


@pytest.mark.parametrize(
    ("offset", "late", "hours"),
    [
        (TWO_HOURS, timedelta(seconds=3), 0),
        # Told late, how far the clock is now is the best that is known.
        (TWO_HOURS, timedelta(days=200), 0),
        # Told at once by a bridge that did not know: it was made just then.
        (None, timedelta(0), 0),
        (None, timedelta(days=200), 2),
    ],
)
def test_where_a_deal_must_stand_somewhere_it_stands_where_it_most_likely_was(
    offset: int | None, late: timedelta, hours: int
) -> None:
    likely = likely_utc(BROKERS, offset, told_at=NOW + late)
    assert likely == NOW + timedelta(hours=hours)


def test_the_likeliest_time_is_never_beyond_all_years() -> None:
    assert likely_utc(253_402_300_799_999, -93_600, told_at=NOW).year == 9999
    assert likely_utc(0, 93_600, told_at=NOW) == EPOCH


def test_several_accounts_are_compared_by_utc_if_all_of_them_are_known_by_it() -> None:
    west = DealTime(BROKERS - 3_600_000, NOW + timedelta(hours=4))
    east = DealTime(BROKERS, NOW)
    unknown = DealTime(BROKERS + 1)
    assert (earliest([west, east]), latest([west, east])) == (east, west)
    assert earliest([west, east, unknown]) == DealTime(west.milliseconds)
    assert latest([west, east, unknown]) == unknown
    assert earliest([]) is None


def test_people_read_utc_or_whose_clock_it_is() -> None:
    brokers = "2026-11-21 21:15:07"
    assert deal_time_text(NOW, brokers) == "2026-11-21 19:15:07Z"
    assert deal_time_text(EPOCH, brokers) == "2026-11-21 21:15:07 by the broker's clock"
    assert deal_time_text(EPOCH, "") == ""
