"""Recorded prices, read from the files people keep them in and played back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import mt5_simulator as mt5
from mt5_simulator.broker.catalogue import EURUSD
from mt5_simulator.broker.prices import Bar, Bars, Quote, Script, length_of
from mt5_simulator.broker.recorded import BarsUnreadable, read_bars, read_ticks
from mt5_simulator.broker.symbols import ALWAYS
from mt5_simulator.clock import VirtualClock
from mt5_simulator.face import constants
from mt5_simulator.simulation import attach, detach, simulate
from tests.fixtures.real_data import real_files

D = Decimal
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HEADER = "time,open,high,low,close,tick_volume,spread,real_volume"
SERVER = timedelta(hours=2)
MADE_MINUTES = [
    HEADER,
    "2025-12-01 00:00:00,1.15936,1.15940,1.15930,1.1593499999999999,5,28,0",
    "2025-12-01 00:01:00,1.15935,1.15950,1.15920,1.15925,7,12,0",
    "2025-12-01 00:02:00,1.15925,1.15930,1.15900,1.15910,9,3,0",
    "2025-12-01 00:04:00,1.15910,1.15990,1.15905,1.15980,2,0,0",
]
MADE_HOURS = [
    HEADER,
    "2025-10-01 00:00:00,1.17328,1.17352,1.1731,1.17339,803,13,0",
    "2025-10-01 01:00:00,1.17339,1.17422,1.17332,1.1734499999999999,1152,0,0",
]
EXPORTED = [
    "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
    "2025.12.01\t00:05:00\t1.15936\t1.15940\t1.15930\t1.15935\t5\t0\t28",
]
TWO_SIDED = [
    "time,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size",
    "2014-05-01 00:00,1291.677,1291.955,1291.376,1291.464,0,1292.033,1292.423,1291.698,1291.741,0",
]
EXPORTED_TICKS = [
    "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>",
    "2025.12.01\t00:00:01.250\t1.15936\t\t\t\t2",
    "2025.12.01\t00:00:02.500\t\t1.15940\t\t\t4",
    "2025.12.01\t00:00:03.000\t1.15937\t1.15941\t\t\t6",
]


def test_recorded_bars_are_read_at_their_server_time() -> None:
    first, *_ = read_bars(MADE_MINUTES, offset=SERVER)

    assert first.opens_at == datetime(2025, 11, 30, 22, tzinfo=UTC)
    assert (first.high, first.spread_points) == (D("1.15940"), 28)


def test_what_a_terminal_exports_is_read_as_it_is() -> None:
    (exported,) = read_bars(EXPORTED, offset=SERVER)

    assert exported.opens_at == datetime(2025, 11, 30, 22, 5, tzinfo=UTC)
    assert (exported.close, exported.tick_volume, exported.spread_points) == (D("1.15935"), 5, 28)


def test_a_day_s_bar_needs_no_time() -> None:
    daily = [line.replace("\t<TIME>", "").replace("\t00:05:00", "") for line in EXPORTED]

    assert read_bars(daily, SERVER)[0].opens_at == datetime(2025, 11, 30, 22, tzinfo=UTC)


def test_bids_and_asks_are_played_as_they_were() -> None:
    recorded = read_bars(TWO_SIDED, offset=SERVER)
    gold = replace(EURUSD, name="XAUUSD", digits=3)
    last = Quote("XAUUSD", recorded[0].opens_at - timedelta(seconds=1), D(1), D(2))
    feed = Bars("XAUUSD", recorded)

    played = [*feed.quotes(gold, last, last.time + timedelta(minutes=2))]

    assert recorded[0].opens_at == datetime(2014, 5, 1, tzinfo=UTC)
    assert [(str(quote.bid), str(quote.ask)) for quote in played] == [
        ("1291.677", "1292.033"),
        ("1291.955", "1292.423"),
        ("1291.376", "1291.698"),
        ("1291.464", "1291.741"),
    ]


def test_ticks_carry_the_side_that_did_not_change() -> None:
    second = datetime(2025, 11, 30, 22, 0, 2, 500_000, tzinfo=UTC)

    assert read_ticks(EXPORTED_TICKS, "EURUSD", SERVER) == [
        Quote("EURUSD", second, D("1.15936"), D("1.15940")),
        Quote("EURUSD", second.replace(second=3, microsecond=0), D("1.15937"), D("1.15941")),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2025-12-01,1,1,1,x,5,28,0", "line 2"),
        ("2025-12-01 00:00:00,1,1", "line 2"),
        ("2025-12-01 00:00:00,1.0,0.9,0.8,1.0,5,28,0", "high"),
    ],
)
def test_an_unreadable_bar_is_named_by_its_line(line: str, reason: str) -> None:
    with pytest.raises(BarsUnreadable, match=reason):
        read_bars([HEADER, line], offset=timedelta(0))


@pytest.mark.parametrize("line", ["2025-12-01 00:00:00,1.2,1.1", "yesterday,1.1,1.2"])
def test_an_unreadable_tick_is_named_by_its_line(line: str) -> None:
    with pytest.raises(BarsUnreadable, match="line 2"):
        read_ticks(["time,bid,ask", line], "EURUSD", SERVER)


def lines_of(file: Path) -> list[str]:
    """Return a file's first lines: what a test can play in no time."""
    return file.read_text().splitlines()[:241]


@pytest.mark.parametrize(
    "lines", [MADE_MINUTES, *map(lines_of, real_files("bars/*_M1_2025*.csv"))], ids=len
)
def test_played_bars_make_the_bars_they_were_made_of(lines: list[str]) -> None:
    recorded = read_bars(lines, SERVER)
    clock = VirtualClock(recorded[0].opens_at - timedelta(seconds=1))
    feed = Bars("EURUSD", recorded)
    attach(simulate(clock=clock, feed=feed, symbols=[replace(EURUSD, sessions=ALWAYS)]))
    mt5.initialize()
    clock.advance(recorded[-1].opens_at - recorded[0].opens_at + timedelta(minutes=1))

    rates = mt5.copy_rates_from_pos("EURUSD", constants.TIMEFRAME_M1, 0, len(recorded))

    assert rates is not None
    assert [list(row)[1:5] for row in rates.tolist()] == [
        [float(EURUSD.rounded(price)) for price in (r.open, r.high, r.low, r.close)]
        for r in recorded
    ]
    detach()


def minute(number: int, price: str, ticks: int = 4) -> Bar:
    at = Decimal(price)
    return Bar(NOON + timedelta(minutes=number), at, at, at, at, ticks, spread_points=8)


def rates_after(feed: Bars | Script, *, start: datetime, seconds: float) -> list[tuple[float, int]]:
    """Return close and tick volume of the minutes known after playing a feed for a while."""
    clock = VirtualClock(start)
    attach(simulate(clock=clock, feed=feed, symbols=[replace(EURUSD, sessions=ALWAYS)]))
    mt5.initialize()
    clock.advance(timedelta(seconds=seconds))
    rates = mt5.copy_rates_from_pos("EURUSD", constants.TIMEFRAME_M1, 0, 5)
    detach()
    assert rates is not None
    return [(float(rate["close"]), int(rate["tick_volume"])) for rate in rates]


@pytest.mark.parametrize("ticks", [1, 3, 4, 5, 117])
def test_a_played_bar_has_the_ticks_it_was_recorded_with(ticks: int) -> None:
    bars = Bars("EURUSD", [minute(0, "1.1", ticks)], timedelta(minutes=1))

    assert rates_after(bars, start=NOON - timedelta(seconds=1), seconds=61)[-1] == (1.1, ticks)


@pytest.mark.parametrize("kind", ["bars", "ticks"])
def test_the_history_before_a_replay_joins_on_to_it(kind: str) -> None:
    quotes = [Quote("EURUSD", NOON, Decimal("1.3"), Decimal("1.30010"))]
    feed = Script(quotes) if kind == "ticks" else Bars("EURUSD", [minute(0, "1.3")])

    closes = [
        close for close, _ in rates_after(feed, start=NOON - timedelta(seconds=1), seconds=61)
    ]

    assert closes == pytest.approx([1.3] * 5, abs=0.003)  # and not the built-in price of 1.085


def test_a_replay_that_starts_in_the_middle_knows_what_was_recorded_before() -> None:
    recorded = [minute(number, f"1.{number + 1}") for number in range(5)]

    known = rates_after(Bars("EURUSD", recorded), start=recorded[4].opens_at, seconds=0)

    assert [close for close, _ in known] == [1.1, 1.2, 1.3, 1.4, 1.5]


@pytest.mark.parametrize(
    "feed",
    [
        Bars("EURUSD.r", [minute(0, "1.1")]),
        Script([Quote("EURUSD.r", NOON, Decimal(1), Decimal(1))]),
    ],
)
def test_recorded_prices_of_an_unknown_symbol_are_refused(feed: Bars | Script) -> None:
    with pytest.raises(ValueError, match=r"EURUSD\.r, which is no symbol of this broker"):
        simulate(feed=feed)


@pytest.mark.parametrize(
    "lines",
    [MADE_MINUTES, MADE_HOURS, EXPORTED, TWO_SIDED, *map(lines_of, real_files("bars/*.csv"))],
)
def test_every_file_of_bars_is_read_in_order(lines: list[str]) -> None:
    recorded = read_bars(lines, SERVER)

    assert len(recorded) == len(lines) - 1
    assert recorded == sorted(recorded, key=_opening)
    assert length_of(recorded) in {timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)}


def _opening(bar: Bar) -> datetime:
    return bar.opens_at
