"""Charts as pictures: the same input is the same bytes, and each looks as when it was judged."""

import io
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from countersign_server.charts.averages import Average, Method
from countersign_server.charts.equity_drawing import draw_equity
from countersign_server.charts.frame import tag
from countersign_server.charts.price_drawing import draw_prices
from countersign_server.charts.spec import (
    EquityChart,
    EquityPoint,
    Level,
    LevelKind,
    Marker,
    MarkerKind,
    PriceChart,
    Size,
    SpecInvalid,
    Style,
)
from countersign_server.charts.theme import DARK, LIGHT, ThemeInvalid
from countersign_server.charts.time_axis import labels_of
from tests.fixtures.chart_bars import START, hourly_bars

REFERENCES = Path(__file__).parent.parent / "references"
BARS = hourly_bars(90)
SMALL = Size(640, 400)
PRICES = PriceChart(
    "EURUSD H1",
    BARS,
    digits=5,
    averages=(Average(9), Average(21, Method.EXPONENTIAL)),
    profile_levels=30,
    markers=(
        Marker(MarkerKind.SIGNAL, BARS[40].time, BARS[40].high, "signal"),
        Marker(MarkerKind.APPROVAL, BARS[42].time, BARS[42].high),
        Marker(MarkerKind.BUY, BARS[44].time + timedelta(minutes=20), BARS[44].low, "0.10"),
        Marker(MarkerKind.SELL, BARS[70].time, BARS[70].high, "0.10"),
    ),
    levels=(
        Level(LevelKind.ENTRY, BARS[44].close),
        Level(LevelKind.STOP, min(bar.low for bar in BARS) - 0.001),
        Level(LevelKind.TARGET, max(bar.high for bar in BARS) + 0.001),
    ),
    zone="Europe/Prague",
    theme=DARK,
    size=SMALL,
)
POINTS = [
    EquityPoint(
        START + timedelta(days=at),
        balance=10_000 + 40 * at + 2_000 * (at >= 30),
        equity=10_000 + 40 * at + 2_000 * (at >= 30) - 300 * (at % 7),
        payment=2_000 if at == 30 else 0,
    )
    for at in range(60)
]
EQUITY = EquityChart("ICM 5012", POINTS, "USD", size=SMALL)
PLAIN = replace(PRICES, averages=(), profile_levels=0, markers=(), levels=(), theme=LIGHT)
PICTURES: dict[str, Callable[[], bytes]] = {
    "candles": lambda: draw_prices(PRICES),
    "heikin-ashi": lambda: draw_prices(replace(PLAIN, style=Style.HEIKIN_ASHI)),
    "renko": lambda: draw_prices(replace(PLAIN, style=Style.RENKO, brick=0.0015)),
    "equity": lambda: draw_equity(EQUITY),
}


def pixels(picture: bytes) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(picture), format="png")[..., :3]


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_looks_like_its_reference(name: str) -> None:
    drawn = pixels(PICTURES[name]())
    reference = pixels((REFERENCES / f"{name}.png").read_bytes())
    assert drawn.shape == reference.shape
    # Another build of the font's renderer may shade edges otherwise; a line that moved is more.
    assert float(np.abs(drawn - reference).mean()) < 0.002


def test_the_same_input_is_the_same_bytes_in_every_process() -> None:
    program = (
        "from hashlib import sha256; from tests.unit.test_charts_pictures import PICTURES; "
        "print(sha256(PICTURES['candles']()).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {sha256(PICTURES["candles"]()).hexdigest()}


def test_a_picture_says_nothing_of_who_made_it_where_or_when() -> None:
    picture, kinds = PICTURES["equity"](), list[bytes]()
    at = 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        kinds.append(picture[at + 4 : at + 8])
        at += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND", b"pHYs"}


def test_a_picture_is_as_large_as_it_was_asked_for() -> None:
    assert pixels(draw_equity(replace(EQUITY, size=Size(321, 243)))).shape == (243, 321, 3)


def test_a_single_bar_and_a_single_point_are_drawn() -> None:
    assert draw_prices(replace(PLAIN, bars=BARS[:1]))
    assert draw_equity(replace(EQUITY, points=POINTS[:1]))


def test_a_single_reading_is_seen() -> None:
    one = replace(EQUITY, points=POINTS[:1])
    empty = pixels(draw_equity(replace(one, theme=LIGHT.with_colours({"line": "#ffffff"}))))
    # Besides its label: a dot in the middle of the panel.
    middle = (slice(100, 200), slice(200, 360))
    assert np.any(pixels(draw_equity(one))[middle] != empty[middle])


def test_no_price_at_the_side_is_half_hidden_by_a_label() -> None:
    figure = Figure(figsize=(6.4, 4), dpi=100)
    axes = figure.add_subplot()
    axes.set_ylim(1.0, 2.0)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.2f}"))
    tag(axes, 1.5, "1.50", colour="red", on="white")
    shown = axes.yaxis.get_major_formatter()

    assert [shown(value) for value in (1.4, 1.48, 1.5, 1.52, 1.6)] == ["1.40", "", "", "", "1.60"]


def test_a_price_that_never_moved_is_drawn() -> None:
    flat = [replace(bar, open=1.5, high=1.5, low=1.5, close=1.5, volume=0) for bar in BARS]
    assert draw_prices(replace(PLAIN, bars=flat, profile_levels=10))


@pytest.mark.parametrize(
    ("chart", "field"),
    [
        (replace(PLAIN, bars=[]), "bars"),
        (replace(PLAIN, bars=BARS * 60), "bars"),
        (replace(PLAIN, bars=[BARS[1], BARS[0]]), "bars[1].time"),
        (replace(PLAIN, bars=[replace(BARS[0], low=float("nan"))]), "bars[0]"),
        (replace(PLAIN, bars=[replace(BARS[0], high=float("inf"))]), "bars[0]"),
        (replace(PLAIN, bars=[replace(BARS[0], high=BARS[0].low / 2)]), "bars[0]"),
        (replace(PLAIN, bars=[replace(BARS[0], volume=-1.0)]), "bars[0].volume"),
        (replace(PLAIN, digits=9), "digits"),
        (replace(PLAIN, brick=1.0), "brick"),
        (replace(PLAIN, style=Style.RENKO), "brick"),
        (replace(PLAIN, style=Style.RENKO, brick=50.0), "brick"),
        (replace(PLAIN, averages=(Average(1),)), "averages"),
        (replace(PLAIN, averages=(Average(5),) * 5), "averages"),
        (replace(PLAIN, profile_levels=4), "profile_levels"),
        (replace(PLAIN, levels=(Level(LevelKind.STOP, -1.0),)), "levels"),
        (replace(PLAIN, markers=(Marker(MarkerKind.BUY, START, 1.0, "x" * 21),)), "markers"),
        (replace(PLAIN, title="x" * 81), "title"),
        (replace(PLAIN, title="a\nb"), "title"),
        (replace(PLAIN, zone="Europe/Atlantis"), "zone"),
        (replace(PLAIN, size=Size(10_000, 100)), "size"),
    ],
)
def test_what_cannot_be_drawn_is_named(chart: PriceChart, field: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        draw_prices(chart)
    assert refused.value.field == field


def test_markers_before_the_first_bar_are_left_out() -> None:
    early = Marker(MarkerKind.BUY, START - timedelta(days=9), 1.08)
    assert draw_prices(replace(PLAIN, markers=(early,))) == draw_prices(PLAIN)


def test_a_theme_takes_other_colours_by_name() -> None:
    assert LIGHT.with_colours({"rising": "#000000"}).rising == "#000000"
    for colours in ({"risng": "#000000"}, {"rising": "red"}, {"averages": "#000000"}):
        with pytest.raises(ThemeInvalid):
            LIGHT.with_colours(colours)


def test_times_are_written_in_the_owners_zone_with_the_day_where_it_begins() -> None:
    times = [START + timedelta(hours=6 * at) for at in range(9)]
    assert [text for _, text in labels_of(times, "Europe/Prague", at_most=9)] == [
        *("01 Oct 2026", "08:00", "14:00", "20:00"),
        *("02 Oct", "08:00", "14:00", "20:00", "03 Oct"),
    ]


if __name__ == "__main__":
    # python -m tests.unit.test_charts_pictures writes the references anew: look at them.
    for name, draw in PICTURES.items():
        (REFERENCES / f"{name}.png").write_bytes(draw())
