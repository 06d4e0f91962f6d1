"""What charts make of prices: averages, heikin-ashi, renko, volume by price."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from countersign_server.charts.averages import Average, Method, moving_average
from countersign_server.charts.bars import Bar
from countersign_server.charts.heikin_ashi import heikin_ashi
from countersign_server.charts.renko import TooManyBricks, renko
from countersign_server.charts.volume_profile import volume_profile
from tests.fixtures.chart_bars import START, hourly_bars

seeds = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Method.SIMPLE, [2.0, 3.0, 5.0]),
        (Method.WEIGHTED, [14 / 6, 20 / 6, 35 / 6]),
        (Method.EXPONENTIAL, [2.0, 3.0, 5.5]),
        (Method.SMOOTHED, [2.0, 2.0 + 2 / 3, 2.0 + 2 / 3 + (8 - 2 - 2 / 3) / 3]),
    ],
)
def test_an_average_begins_when_its_period_is_full(method: Method, expected: list[float]) -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 8.0])
    averages = moving_average(values, Average(3, method))
    assert np.isnan(averages[:2]).all()
    assert averages[2:].tolist() == pytest.approx(expected)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("method", list(Method))
def test_too_few_values_have_no_average(method: Method) -> None:
    assert np.isnan(moving_average(np.array([1.0, 2.0]), Average(3, method))).all()


def test_the_first_heikin_ashi_bar_opens_in_the_middle_of_its_own() -> None:
    bars = heikin_ashi([Bar(START, 1.0, 4.0, 0.5, 2.0), Bar(START, 2.0, 3.0, 1.0, 1.5)])
    assert (bars[0].open, bars[0].close) == (1.5, 1.875)
    assert bars[1].open == (1.5 + 1.875) / 2


@given(seed=seeds)
def test_heikin_ashi_bars_contain_what_they_open_and_close_at(seed: int) -> None:
    bars = hourly_bars(30, seed=seed)
    made = heikin_ashi(bars)
    assert len(made) == len(bars)
    for bar in made:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def closes(*prices: float) -> list[Bar]:
    return [
        Bar(START + timedelta(hours=at), price, price, price, price)
        for at, price in enumerate(prices)
    ]


def test_a_turn_takes_two_bricks() -> None:
    bricks = renko(closes(10, 12, 11.1, 10, 11.9, 12.1), 1.0)
    assert [(brick.open, brick.close) for brick in bricks] == [
        (10, 11),
        (11, 12),
        (11, 10),
        (11, 12),
    ]


@given(seed=seeds, brick=st.sampled_from([0.0003, 0.001, 0.002]))
def test_bricks_are_of_one_height_and_each_begins_where_one_ended(seed: int, brick: float) -> None:
    bricks = renko(hourly_bars(60, seed=seed), brick)
    for one in bricks:
        assert one.high - one.low == pytest.approx(brick)  # pyright: ignore[reportUnknownMemberType]
    for before, after in pairwise(bricks):
        goes_on = (after.close - after.open) * (before.close - before.open) > 0
        begins = before.close if goes_on else before.open
        assert after.open == pytest.approx(begins)  # pyright: ignore[reportUnknownMemberType]


def test_bricks_that_are_too_small_are_refused() -> None:
    with pytest.raises(TooManyBricks):
        renko(closes(1.0, 2.0), 0.0001)


@given(seed=seeds, levels=st.integers(5, 60))
def test_no_volume_is_lost_in_the_profile(seed: int, levels: int) -> None:
    bars = [*hourly_bars(40, seed=seed), Bar(START, 1.08, 1.08, 1.08, 1.08, 500.0)]
    profile = volume_profile(bars, levels)
    total = sum(bar.volume for bar in bars)
    assert float(profile.volumes.sum()) == pytest.approx(total)  # pyright: ignore[reportUnknownMemberType]
    middles = (profile.edges[:-1] + profile.edges[1:]) / 2
    inside = (middles > profile.value_low) & (middles < profile.value_high)
    assert float(profile.volumes[inside].sum()) >= 0.7 * total - 1e-6
    assert profile.value_low < profile.point_of_control < profile.value_high


def test_bars_of_one_single_price_have_a_profile() -> None:
    flat = [replace(bar, volume=7.0) for bar in closes(1.5, 1.5)]
    assert float(volume_profile(flat, 10).volumes.sum()) == pytest.approx(14.0)  # pyright: ignore[reportUnknownMemberType]
