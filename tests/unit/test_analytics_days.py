"""Growth without deposits and withdrawals, day by day, with the days on which nothing happened."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_server.analytics.breakdown import By, breakdown_of
from countersign_server.analytics.days import (
    FILLED_DAYS_MAX,
    Day,
    calmar_of,
    every_day,
    growth_of,
    sharpe_of,
    sortino_of,
    underwater_of,
    yearly_growth_of,
)
from tests.fixtures.histories import history

MONDAY = date(2026, 1, 5)


def days(*facts: tuple[str, str]) -> list[Day]:
    """Return days in a row, each with payments and result."""
    made: list[Day] = []
    for number, (payments, result) in enumerate(facts):
        opening = made[-1].closing if made else Decimal(0)
        day = MONDAY + timedelta(days=number)
        made.append(Day(day, opening, Decimal(payments), Decimal(result)))
    return made


def test_deposits_and_withdrawals_are_no_growth() -> None:
    plain = days(("1000", "100"), ("0", "-110"))
    paid = days(("1000", "100"), ("8900", "-1000"), ("-9000", "0"))
    assert growth_of(plain) == Decimal("-0.01")
    assert growth_of(paid) == Decimal("-0.01")


def test_days_on_which_nothing_happened_count() -> None:
    first, last = days(("1000", "10"), ("0", "20"))
    late = Day(MONDAY + timedelta(days=9), last.opening, last.payments, last.result)
    whole = every_day([late, first])
    assert [one.day for one in whole] == [MONDAY + timedelta(days=n) for n in range(10)]
    assert whole[-1].closing == Decimal(1030)
    assert growth_of(whole) == growth_of([first, last])


def test_days_further_apart_than_any_account_is_old_are_not_filled() -> None:
    first, last = days(("1000", "10"), ("0", "20"))
    longest = Day(MONDAY + timedelta(days=FILLED_DAYS_MAX), last.opening, result=last.result)
    assert len(every_day([first, longest])) == FILLED_DAYS_MAX + 1

    for apart in (FILLED_DAYS_MAX + 1, (date.max - MONDAY).days):
        late = Day(MONDAY + timedelta(days=apart), Decimal(0), result=last.result)
        whole = every_day([late, first])
        assert [one.day for one in whole] == [first.day, late.day]
        assert whole[-1].closing == Decimal(1030)
        assert growth_of(whole) == growth_of([first, last])


def test_the_fall_is_measured_from_the_opening_balance_on() -> None:
    fallen = underwater_of(days(("1000", "-100"), ("0", "45"), ("0", "100")))
    assert fallen.deepest == Decimal("0.1")
    assert fallen.longest_days == 2
    assert fallen.share == Decimal(2) / 3


def test_ratios_without_a_denominator_are_absent() -> None:
    flat = days(("1000", "0"), ("0", "0"))
    assert (sharpe_of(flat), sortino_of(flat), calmar_of(flat)) == (None, None, None)
    assert (sharpe_of([]), yearly_growth_of([]), calmar_of([])) == (None, None, None)
    rising = days(("1000", "10"), ("0", "5"))
    assert sortino_of(rising) is None
    assert sharpe_of(rising) is not None


def test_an_account_that_lost_everything_has_lost_all_of_a_year() -> None:
    assert yearly_growth_of(days(("1000", "-1000"))) == Decimal(-1)


def test_a_year_of_the_same_days_is_their_power() -> None:
    month = days(("1000", "0"), *[("0", "0")] * 29)
    month[0] = Day(MONDAY, Decimal(0), Decimal(1000), Decimal(10))
    expected = Decimal("1.01") ** (Decimal(365) / 30) - 1
    assert yearly_growth_of(month) == pytest.approx(expected)  # pyright: ignore[reportUnknownMemberType]


@given(
    facts=st.lists(st.tuples(st.integers(-500, 500), st.integers(-40, 40)), min_size=1, max_size=30)
)
def test_growth_does_not_depend_on_how_much_was_invested(facts: list[tuple[int, int]]) -> None:
    balance, paid, plain = Decimal(10_000), [("10000", "0")], [("10000", "0")]
    unpaid = Decimal(10_000)
    for payment, permille in facts:
        invested = balance + payment
        result = invested * permille / 1000
        paid.append((str(payment), str(result)))
        plain.append(("0", str(unpaid * permille / 1000)))
        balance, unpaid = invested + result, unpaid * (1 + Decimal(permille) / 1000)
        if balance < 2_000:
            break
    assert growth_of(days(*paid)) == pytest.approx(growth_of(days(*plain)))  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (By.SYMBOL, {"EURUSD": 4}),
        (By.SIDE, {"long": 2, "short": 2}),
        (By.HOUR, {"00": 1, "07": 1, "14": 1, "17": 1}),
        (By.WEEKDAY, {"Monday": 1, "Tuesday": 3}),
        (By.MONTH, {"2026-01": 4}),
    ],
)
def test_a_breakdown_holds_every_trade_once(by: By, keys: dict[str, int]) -> None:
    parts = breakdown_of(history("1000", "5", "-3", "0", "2"), by)
    assert {key: part.trades for key, part in parts.items()} == keys
    assert sum((part.net_profit for part in parts.values()), Decimal(0)) == 4
    assert sum(part.won for part in parts.values()) == 3
