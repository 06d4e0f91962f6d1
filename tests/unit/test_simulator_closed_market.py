"""A price that comes while a market is closed: shown, and traded at only when it opens."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from mt5_simulator.broker.codes import Action, Entry, OrderType, Reason
from mt5_simulator.broker.records import Request
from mt5_simulator.clock import VirtualClock
from mt5_simulator.served.books import load, restore, save
from mt5_simulator.served.texts import Texts
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.terminal import Terminal

D = Decimal
LOGIN = 1_000_001
SATURDAY, MONDAY = (datetime(2026, 3, day, tzinfo=UTC) for day in (7, 9))


@pytest.fixture
def closed() -> Terminal:
    """Provide a terminal on a Saturday, with a position at its stop's mercy and a waiting order."""
    clock = VirtualClock()
    terminal = simulate(clock=clock)
    broker = terminal.broker
    broker.send(LOGIN, Request(symbol="EURUSD", volume=D("0.1"), sl=D("1.08")))
    waits = Request(
        action=Action.PENDING,
        symbol="EURUSD",
        volume=D("0.1"),
        price=D("1.07"),
        type=OrderType.BUY_LIMIT,
        type_filling=2,
    )
    assert broker.send(LOGIN, waits).order
    broker.advance(clock.advance(SATURDAY - clock.now()))
    return terminal


def test_a_price_of_a_closed_market_sets_nothing_off(closed: Terminal) -> None:
    closed.broker.set_price("EURUSD", D("1.06000"), D("1.06010"))

    assert closed.market.quotes["EURUSD"].bid == D("1.06")
    (position,) = closed.account.positions.values()
    assert position.sl == D("1.08")
    assert len(closed.account.orders) == 1


def test_a_weekend_s_price_is_the_first_at_which_the_market_opens(closed: Terminal) -> None:
    closed.broker.set_price("EURUSD", D("1.06000"), D("1.06010"))

    closed.broker.advance(MONDAY)

    *_, opened, stopped = closed.account.deals.values()
    assert (opened.price, opened.entry, opened.time) == (D("1.0601"), Entry.IN, MONDAY)
    assert (stopped.price, stopped.reason, stopped.time) == (D("1.06"), Reason.SL, MONDAY)
    closed.broker.advance(MONDAY + timedelta(hours=1))
    assert closed.market.quotes["EURUSD"].time == MONDAY  # it opens once


def test_a_weekend_s_price_outlives_a_broker(closed: Terminal, tmp_path: Path) -> None:
    closed.broker.set_price("EURUSD", D("1.06000"), D("1.06010"))
    save(closed.broker, tmp_path / "books.json", Texts())
    books = load(tmp_path / "books.json")
    assert books is not None
    again = simulate(clock=VirtualClock(SATURDAY)).broker
    restore(again, books)

    again.advance(MONDAY)

    assert Reason.SL in {deal.reason for deal in again.accounts[LOGIN].deals.values()}


@pytest.mark.mt5(currency="EUR")
def test_a_price_of_a_closed_market_can_ruin_what_is_open(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.clock.wait((SATURDAY - mt5_terminal.clock.now()).total_seconds())
    assert mt5.initialize()
    bitcoin = {"action": 1, "type": 0, "symbol": "BTCUSD", "volume": 0.25, "type_filling": 0}
    assert mt5.order_send(bitcoin).retcode == mt5.TRADE_RETCODE_DONE

    # A euro that is worth five times less makes the margin five times as large.
    mt5_terminal.broker.set_price("EURUSD", D("0.20000"), D("0.20010"))

    assert not mt5_terminal.account.positions
