"""The same seeds give the same run."""

import json
import os
import random
import subprocess
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import mt5_simulator
from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.catalogue import BTCUSD, EURUSD
from mt5_simulator.broker.codes import PENDING_TYPES, Entry, OrderState, Reason
from mt5_simulator.broker.prices import Walk
from mt5_simulator.clock import VirtualClock
from mt5_simulator.face.structures import Structure, TradeDeal, TradeOrder
from mt5_simulator.served.books import truth
from mt5_simulator.simulation import attach, detach, simulate
from mt5_simulator.terminal.faults import FaultKind
from mt5_simulator.terminal.terminal import Terminal
from mt5_simulator.terminal.weather import STORM, Weather

SYMBOLS = (EURUSD, BTCUSD)


def a_run(seed: int) -> tuple[dict[str, Any], list[object]]:
    """Trade through a storm; return the broker's truth and what the program saw."""
    clock = VirtualClock()
    terminal = simulate([Terms(login=1)], clock=clock, feed=Walk(seed), symbols=SYMBOLS)
    terminal.weather = Weather(seed, STORM)
    attach(terminal)
    choose = random.Random(seed)  # noqa: S311  # a simulation
    seen: list[object] = []
    try:
        for number in range(20):
            if mt5_simulator.initialize():
                request = {
                    "action": 1,
                    "type": choose.randrange(2),
                    "symbol": choose.choice(["EURUSD", "BTCUSD"]),
                    "volume": 0.01,
                    "magic": number,
                    "type_filling": 0,
                }
                seen += [
                    mt5_simulator.order_send(request),
                    mt5_simulator.last_error(),
                    mt5_simulator.positions_get(),
                ]
            clock.advance(timedelta(seconds=choose.randrange(30)))
        terminal.advance()
    finally:
        detach()
    return truth(terminal.broker), seen


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_run_is_repeated_exactly_from_its_seed(seed: int) -> None:
    assert a_run(seed) == a_run(seed)


def history_of_a_process(mode: str, *, seed: int, hash_seed: int) -> dict[str, list[list[Any]]]:
    """Run the strategy in a process of its own."""
    said = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.fixtures.recorded_strategy", mode, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout)


def named(kind: type[Structure], rows: list[list[Any]]) -> list[Any]:
    return [kind(row) for row in rows]


@pytest.mark.parametrize("mode", ["hedging", "netting"])
def test_a_strategy_makes_the_same_deals_in_every_process(mode: str) -> None:
    first = history_of_a_process(mode, seed=3, hash_seed=0)

    assert history_of_a_process(mode, seed=3, hash_seed=4711) == first
    assert history_of_a_process(mode, seed=4, hash_seed=0) != first
    # It did what it is there for: partial closes, reversals, pending orders and a stop-out.
    deals, orders = named(TradeDeal, first["deals"]), named(TradeOrder, first["orders"])
    entries = {deal.entry for deal in deals}
    assert entries == {Entry.IN, Entry.OUT} | ({Entry.INOUT} if mode == "netting" else set())
    assert any(deal.reason == Reason.SO for deal in deals)
    assert any(o.state == OrderState.FILLED and o.type in PENDING_TYPES for o in orders)


def test_another_seed_is_another_run() -> None:
    assert a_run(1) != a_run(2)


def test_a_storm_meets_every_kind_of_fault_it_has() -> None:
    weather = Weather(1, STORM)

    met = {fault.kind for call in range(500) if (fault := weather.fault_of(call))}

    assert met == set(STORM)


def test_fair_weather_has_no_faults() -> None:
    assert [Weather(1).fault_of(call) for call in range(50)] == [None] * 50


@pytest.mark.mt5_weather(seed=1, chances={"send_failed": 1.0})
def test_clearing_everything_ends_the_weather(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    assert mt5.initialize()
    mt5_terminal.clear_faults(FaultKind.SEND_FAILED)
    assert mt5.Buy("EURUSD", 0.1, 1.1) is None

    mt5_terminal.clear_faults()

    assert mt5.Buy("EURUSD", 0.1, 1.1).retcode == 10009


@pytest.mark.parametrize(
    "chances",
    [
        {FaultKind.HANG: 1.1},
        {FaultKind.HANG: -0.1},
        {FaultKind.AUTOTRADING_OFF: 0.5},
        {FaultKind.PARTIAL: 0.5},
    ],
)
def test_impossible_weather_is_refused(chances: dict[FaultKind, float]) -> None:
    with pytest.raises(ValueError, match="chances"):
        Weather(1, chances)
