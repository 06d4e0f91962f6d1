"""What the terminal tells in passing: the broker's time, whole histories, unbroken connections."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from countersign_bridge.clock import Moment
from countersign_bridge.decimals import NotCanonical, decimal_text, from_float, parse_decimal
from countersign_bridge.reporting.digests import day_digests, day_of, seconds_of_day
from countersign_bridge.reporting.server_time import BrokerClock
from countersign_bridge.terminal.views import DealView, TickView
from countersign_bridge.trading.resolution import Continuity

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
D = Decimal


def a_tick(offset: timedelta, *, at: datetime = NOW, symbol: str = "EURUSD") -> TickView:
    return TickView(symbol, D(1), D(1), int((at + offset).timestamp() * 1000))


@given(quarters=st.integers(-48, 56), late_s=st.floats(0, 50))
def test_a_new_price_tells_the_brokers_time(quarters: int, late_s: float) -> None:
    offset = timedelta(minutes=15) * quarters
    later = NOW + timedelta(minutes=1)
    clock = BrokerClock().seen([a_tick(offset)], NOW)
    clock = clock.seen([a_tick(offset, at=later)], later + timedelta(seconds=late_s))
    assert clock.offset == offset


def test_a_price_that_stands_still_tells_nothing() -> None:
    friday = a_tick(timedelta(hours=2))
    clock = BrokerClock().seen([friday], NOW)
    clock = clock.seen([friday], NOW + timedelta(hours=1))
    assert clock.offset is None


@pytest.mark.parametrize("age", [timedelta(minutes=7), timedelta(days=2)])
def test_a_price_that_is_old_on_arrival_tells_nothing(age: timedelta) -> None:
    clock = BrokerClock().seen([a_tick(timedelta(hours=2), at=NOW - age * 2)], NOW)
    clock = clock.seen([a_tick(timedelta(hours=2), at=NOW - age)], NOW)
    assert clock.offset is None


def a_deal(ticket: int, broker_time_ms: int) -> DealView:
    return DealView(
        *(ticket, 0, 0, 0, 2, 0, 0, "", D(0), D(0), D(0), D(0), D(0), D(0), broker_time_ms, "")
    )


def test_a_days_deals_are_counted_and_hashed_in_order_of_their_tickets() -> None:
    first, last = seconds_of_day("2026-03-30")
    deals = [a_deal(8, last * 1000 + 999), a_deal(1, first * 1000), a_deal(3, first * 1000 - 1)]

    before, day = day_digests(deals)

    assert (before.day, before.count) == ("2026-03-29", 1)
    assert (day.day, day.count) == ("2026-03-30", 2)
    assert day.tickets_sha256 == sha256(b"1\n8\n").hexdigest()
    assert day_of(first * 1000) == "2026-03-30"


def test_a_connection_seen_often_enough_is_unbroken() -> None:
    continuity, gap = Continuity(), timedelta(seconds=15)
    for second in range(0, 120, 10):
        moment = Moment(NOW + timedelta(seconds=second), float(second))
        continuity = continuity.seen(connected=True, now=moment, gap_max=gap)
    assert continuity.covers(NOW)
    assert not continuity.covers(NOW - timedelta(milliseconds=1))


@pytest.mark.parametrize(("connected", "second"), [(False, 10), (True, 16)])
def test_a_break_and_a_silence_begin_the_count_anew(second: int, *, connected: bool) -> None:
    gap = timedelta(seconds=15)
    continuity = Continuity().seen(connected=True, now=Moment(NOW, 0.0), gap_max=gap)
    later = Moment(NOW + timedelta(seconds=second), float(second))
    continuity = continuity.seen(connected=connected, now=later, gap_max=gap)
    continuity = continuity.seen(connected=True, now=later, gap_max=gap)
    assert not continuity.covers(NOW)


canonical = st.decimals(
    min_value=-(10**17), max_value=10**17, places=9, allow_nan=False, allow_infinity=False
)


@given(value=canonical)
def test_a_number_has_one_text_and_a_text_one_number(value: Decimal) -> None:
    text = decimal_text(value)
    assert parse_decimal(text) == value
    assert decimal_text(parse_decimal(text)) == text


@given(steps=st.integers(-(10**9), 10**9), places=st.integers(0, 8))
def test_a_float_of_the_terminal_is_the_decimal_it_was_made_of(steps: int, places: int) -> None:
    value = Decimal(steps).scaleb(-places)
    assert from_float(float(value), places) == value
    assert from_float(float(value) + float(value) * 1e-15, places) == value


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf"), 1e19])
def test_a_float_that_is_no_amount_is_refused(wrong: float) -> None:
    with pytest.raises(NotCanonical):
        from_float(wrong, 5)
