"""Where prices come from and what is remembered of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, strategies as st

from mt5_simulator.broker.catalogue import CATALOGUE, EURUSD
from mt5_simulator.broker.history import TIMEFRAMES
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import CATCH_UP_MAX, Bar, Bars, Feed, Quote, Script, Walk
from mt5_simulator.broker.symbols import ALWAYS, Symbol
from mt5_simulator.clock import VirtualClock
from mt5_simulator.simulation import attach, detach, simulate
from mt5_simulator.terminal.groups import matches
from mt5_simulator.terminal.terminal import Terminal
from tests.fixtures.work import work_of

D = Decimal
OFF = False
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIRST = Quote("EURUSD", NOON, D("1.08500"), D("1.08510"))
OPEN = replace(EURUSD, sessions=ALWAYS)


def walked(feed: Feed, stops: Sequence[float], symbol: Symbol = EURUSD) -> list[Quote]:
    """Return the quotes of a feed that is asked at each stop, in seconds after noon."""
    quotes, last = list[Quote](), FIRST
    for stop in stops:
        for quote in feed.quotes(symbol, last, NOON + timedelta(seconds=stop)):
            quotes.append(quote)
            last = quote
    return quotes


@given(seed=st.integers(), stops=st.lists(st.integers(1, 60), max_size=5).map(sorted))
def test_a_walk_is_the_same_however_often_it_is_asked(seed: int, stops: list[float]) -> None:
    assert walked(Walk(seed), [*stops, 60]) == walked(Walk(seed), [60])


def test_another_seed_walks_another_way() -> None:
    assert walked(Walk(1), [60]) != walked(Walk(2), [60])


def test_a_walk_keeps_the_spread_and_the_digits() -> None:
    for quote in walked(Walk(3), [60]):
        assert quote.ask - quote.bid == D("0.00010")
        assert quote.bid == quote.bid.quantize(EURUSD.point)


def test_a_long_gap_is_walked_in_bounded_time() -> None:
    week = timedelta(days=7).total_seconds()

    quotes = walked(Walk(4), [week])

    assert len(quotes) == CATCH_UP_MAX
    assert quotes[-1].time == NOON + timedelta(days=7)


def test_a_walk_can_widen_its_spread_and_jump() -> None:
    calm = walked(Walk(3), [60])
    restless = walked(Walk(3, spread_factor_max=4.0, jump_chance=0.1), [60])

    spreads = {quote.ask - quote.bid for quote in restless}
    assert min(spreads) >= D("0.00010")
    assert D("0.00020") < max(spreads) <= D("0.00040")
    assert longest_step(restless) > 10 * longest_step(calm)


def longest_step(quotes: Sequence[Quote]) -> Decimal:
    return max(abs(later.bid - earlier.bid) for earlier, later in pairwise(quotes))


@pytest.mark.parametrize(
    "wrong", [{"spread_factor_max": 0.5}, {"jump_factor": 1e9}, {"jump_chance": 1.5}]
)
def test_an_impossible_walk_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Walk(1, **wrong)  # pyright: ignore[reportArgumentType]  # by name


FRIDAY_EVENING = datetime(2026, 3, 6, 21, 59, tzinfo=UTC)  # the server's midnight in a minute
SUNDAY_EVENING = datetime(2026, 3, 8, 22, tzinfo=UTC)


@pytest.mark.parametrize("looks", [0, 60])
def test_a_week_opens_with_a_gap_however_often_somebody_looked(looks: int) -> None:
    market = Market(
        symbols=[EURUSD],
        feed=Walk(5, every=timedelta(minutes=5)),
        offset=timedelta(hours=2),
        now=FRIDAY_EVENING,
    )
    weekend = SUNDAY_EVENING - FRIDAY_EVENING
    shown = [
        quote
        for look in range(looks)
        for quote in market.fresh_quotes(FRIDAY_EVENING + weekend * look / 61)
    ]

    (first, *_) = market.fresh_quotes(SUNDAY_EVENING + timedelta(hours=1))

    assert shown == []
    assert first.time == SUNDAY_EVENING
    assert (first.bid, market.quotes["EURUSD"].time) == (D("1.08487"), first.time + GAP)


GAP = timedelta(hours=1)


def bar(minute: int, *prices: str) -> Bar:
    opened, high, low, closed = map(D, prices)
    return Bar(NOON + timedelta(minutes=minute), opened, high, low, closed, 4, 12)


def test_a_bar_is_played_as_its_open_extremes_and_close() -> None:
    rising = bar(1, "1.1", "1.3", "1.0", "1.2")
    falling = bar(2, "1.2", "1.4", "0.9", "1.1")
    feed = Bars("EURUSD", [falling, rising], timedelta(minutes=1))

    quotes = walked(feed, [70, 80, 600])

    bids = [float(quote.bid) for quote in quotes]
    assert bids == [1.1, 1.0, 1.3, 1.2, 1.2, 1.4, 0.9, 1.1]
    assert quotes[0].ask - quotes[0].bid == D("0.00012")
    assert [quote.time for quote in quotes] == sorted(quote.time for quote in quotes)


def test_a_script_is_played_once_in_its_order() -> None:
    quotes = [replace(FIRST, time=NOON + timedelta(seconds=second)) for second in (30, 10, 20)]

    assert walked(Script(quotes), [15, 20, 60]) == sorted(quotes, key=lambda quote: quote.time)


@pytest.mark.parametrize(
    ("bid", "ask", "time"),
    [("0", "1", NOON), ("2", "1", NOON), ("1", "2", NOON.replace(tzinfo=None))],
)
def test_an_impossible_quote_is_refused(bid: str, ask: str, time: datetime) -> None:
    with pytest.raises(ValueError, match="quote"):
        Quote("EURUSD", time, D(bid), D(ask))


@pytest.fixture
def walking(mt5: ModuleType) -> Iterator[Terminal]:
    """A terminal whose EURUSD has walked for an hour."""
    clock = VirtualClock(NOON)
    terminal = simulate(clock=clock, feed=Walk(5, timedelta(seconds=10)), symbols=[OPEN])
    attach(terminal)
    assert mt5.initialize()
    clock.advance(timedelta(hours=1))
    terminal.advance()
    yield terminal
    detach()


def test_a_script_takes_a_price_from_the_walk_and_gives_it_back(
    mt5: ModuleType, walking: Terminal
) -> None:
    walking.broker.set_price("EURUSD", D("2.00000"), D("2.00010"))
    walking.clock.wait(60.0)
    assert mt5.symbol_info_tick("EURUSD").bid == 2.0

    walking.broker.market.resume("EURUSD", walking.broker.now)
    walking.clock.wait(60.0)
    tick = mt5.symbol_info_tick("EURUSD")
    assert tick.bid != 2.0
    assert tick.bid == pytest.approx(2.0, abs=0.01)


@pytest.mark.usefixtures("walking")
def test_ticks_are_kept_as_they_came(mt5: ModuleType) -> None:
    ticks = mt5.copy_ticks_from("EURUSD", NOON, 1000, mt5.COPY_TICKS_ALL)

    assert ticks.dtype.names == (
        "time",
        "bid",
        "ask",
        "last",
        "volume",
        "time_msc",
        "flags",
        "volume_real",
    )
    assert len(ticks) == 361
    assert (np.diff(ticks["time_msc"]) > 0).all()
    assert ticks[-1]["bid"] == mt5.symbol_info_tick("EURUSD").bid
    assert len(mt5.copy_ticks_from("EURUSD", NOON, 10, mt5.COPY_TICKS_ALL)) == 10
    assert len(mt5.copy_ticks_from("EURUSD", NOON, 10, mt5.COPY_TICKS_TRADE)) == 0


@pytest.mark.usefixtures("walking")
def test_the_ticks_of_a_range_include_both_ends(mt5: ModuleType) -> None:
    first = mt5.copy_ticks_from("EURUSD", NOON, 1, mt5.COPY_TICKS_ALL)[0]["time"]

    ticks = mt5.copy_ticks_range("EURUSD", int(first), int(first) + 20, mt5.COPY_TICKS_INFO)

    assert [int(time - first) for time in ticks["time"]] == [0, 10, 20]


@pytest.mark.usefixtures("walking")
def test_bars_of_every_timeframe_fit_together(mt5: ModuleType) -> None:
    minutes = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 100_000)

    for timeframe in TIMEFRAMES:
        bars = mt5.copy_rates_from_pos("EURUSD", timeframe, 0, 100_000)
        assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
        assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
        assert (np.diff(bars["time"]) > 0).all()
        assert bars["tick_volume"].sum() == minutes["tick_volume"].sum()
        assert bars[-1]["close"] == minutes[-1]["close"] == mt5.symbol_info_tick("EURUSD").bid
        assert bars["high"].max() == minutes["high"].max()


@pytest.mark.usefixtures("walking")
def test_history_before_the_first_tick_joins_on(mt5: ModuleType) -> None:
    bars = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 200)

    assert len(bars) == 200
    # The sixty minutes that were lived through follow those before them without a gap.
    before, after = bars[-62], bars[-61]
    assert after["time"] - before["time"] == 60
    assert after["open"] == before["close"]


@pytest.mark.usefixtures("walking")
def test_bars_are_counted_back_from_a_position_or_a_moment(mt5: ModuleType) -> None:
    newest = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M5, 0, 10)

    by_position = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M5, 3, 4)
    by_moment = mt5.copy_rates_from("EURUSD", mt5.TIMEFRAME_M5, int(newest[6]["time"]), 4)
    by_range = mt5.copy_rates_range(
        "EURUSD", mt5.TIMEFRAME_M5, int(newest[3]["time"]), int(newest[6]["time"])
    )

    assert by_position.tolist() == by_moment.tolist() == by_range.tolist() == newest[3:7].tolist()


def test_a_look_costs_what_is_asked_and_not_what_there_is(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    assert mt5.initialize()

    def last_bars() -> object:
        return mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 8)

    assert work_of(last_bars) < 1_000  # the ten thousand minutes before are not made up for it
    new = work_of(last_bars)
    mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 100_000)
    mt5_terminal.broker.market.resume("EURUSD", mt5_terminal.broker.now)
    for minute in range(50):
        mt5_terminal.clock.wait(60.0)
        mt5_terminal.broker.set_price("EURUSD", D("1.08500"), D("1.08510") + D(minute) / 100_000)

    newest = int(mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 1)[0]["time"])
    assert work_of(last_bars) <= new
    minute = mt5.TIMEFRAME_M1
    assert work_of(lambda: mt5.copy_rates_range("EURUSD", minute, newest - 420, newest)) <= 2 * new
    assert work_of(lambda: mt5.copy_rates_from("EURUSD", minute, newest, 8)) <= 2 * new


@pytest.mark.usefixtures("walking")
def test_an_unknown_symbol_or_timeframe_has_no_bars(mt5: ModuleType) -> None:
    assert mt5.copy_rates_from_pos("NOSUCH", mt5.TIMEFRAME_M1, 0, 10) is None
    assert mt5.copy_rates_from_pos("EURUSD", 7, 0, 10) is None
    assert mt5.last_error()[0] == mt5.RES_E_INVALID_PARAMS
    assert mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, -1) is None
    assert mt5.last_error()[0] == mt5.RES_E_INVALID_PARAMS


@pytest.mark.usefixtures("walking")
def test_the_book_has_offers_above_bids_after_it_was_asked_for(mt5: ModuleType) -> None:
    assert mt5.market_book_get("EURUSD") is None
    assert mt5.market_book_add("EURUSD")

    book = mt5.market_book_get("EURUSD")

    prices = [row.price for row in book]
    assert prices == sorted(prices, reverse=True)
    assert [row.type for row in book] == [mt5.BOOK_TYPE_SELL] * 5 + [mt5.BOOK_TYPE_BUY] * 5
    assert mt5.market_book_release("EURUSD")
    assert not mt5.market_book_release("EURUSD")


@pytest.mark.parametrize("symbol", CATALOGUE, ids=lambda symbol: symbol.name)
def test_a_symbol_of_the_catalogue_looks_like_a_broker_s(mt5: ModuleType, symbol: Symbol) -> None:
    assert mt5.initialize()

    info = mt5.symbol_info(symbol.name)

    assert info.ask > info.bid > 0
    assert info.point == 10**-info.digits
    assert info.trade_tick_value > 0
    assert info.spread == symbol.spread_points
    assert info.volume_min <= info.volume_max
    assert info.trade_tick_value_loss >= info.trade_tick_value_profit


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("*", {"EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "US30", "BTCUSD"}),
        ("*USD*, !EUR*", {"GBPUSD", "USDJPY", "XAUUSD", "BTCUSD"}),
        ("EURUSD", {"EURUSD"}),
        ("EUR", set[str]()),
        ("!EURUSD", set[str]()),
    ],
)
def test_a_group_picks_symbols(mt5: ModuleType, group: str, expected: set[str]) -> None:
    assert mt5.initialize()

    assert {symbol.name for symbol in mt5.symbols_get(group=group)} == expected
    assert {symbol.name for symbol in CATALOGUE if matches(group, symbol.name)} == expected


def test_a_symbol_out_of_market_watch_has_no_tick(mt5: ModuleType) -> None:
    assert mt5.initialize()
    assert mt5.symbol_select("US30", OFF)

    assert mt5.symbol_info_tick("US30") is None
    assert mt5.symbol_info("US30").select is False
    assert mt5.symbol_select("US30")
    assert mt5.symbol_info_tick("US30") is not None
    assert not mt5.symbol_select("NOSUCH")


def test_a_symbol_with_a_position_stays_in_market_watch(mt5: ModuleType) -> None:
    assert mt5.initialize()
    mt5.Buy("EURUSD", 0.1)

    assert not mt5.symbol_select("EURUSD", OFF)


@pytest.mark.usefixtures("walking")
def test_a_day_s_extremes_are_those_of_its_ticks(mt5: ModuleType) -> None:
    ticks = mt5.copy_ticks_from("EURUSD", NOON, 1000, mt5.COPY_TICKS_ALL)
    info = mt5.symbol_info("EURUSD")

    assert (info.bidhigh, info.bidlow) == (ticks["bid"].max(), ticks["bid"].min())
    assert all(earlier < later for earlier, later in pairwise(ticks["time_msc"].tolist()))
