"""A broker that renames a symbol takes everything that hangs on it along."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.broker.catalogue import EURUSD
from mt5_simulator.broker.codes import SwapMode
from mt5_simulator.broker.prices import Bar, Bars
from mt5_simulator.broker.symbols import ALWAYS
from mt5_simulator.clock import VirtualClock
from mt5_simulator.served.books import books_of, restore
from mt5_simulator.served.controls import Impossible, carry_out
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.terminal import Terminal

D = Decimal
NEW = "EURUSD.r"
BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0, "magic": 7}
WAITING = {**BUY, "action": 5, "type": 2, "price": 1.08, "type_filling": 2}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def rename(terminal: Terminal, name: str = NEW) -> None:
    carry_out(terminal, "symbol", {"symbol": "EURUSD", "changes": {"name": name}})


def test_an_open_position_goes_by_the_new_name_and_can_be_closed(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    mt5_terminal.broker.set_price("EURUSD", D("1.08600"), D("1.08610"))
    margin = mt5.account_info().margin

    rename(mt5_terminal)

    (position,) = mt5.positions_get(symbol=NEW)
    assert (position.profit, position.price_current) == (9.0, 1.086)
    assert mt5.account_info().margin == margin
    assert mt5.history_deals_get(ticket=ticket)[0].symbol == "EURUSD"  # what is over stays
    close = {**BUY, "symbol": NEW, "type": 1, "position": ticket}
    assert mt5.order_send({**close, "symbol": "EURUSD"}).retcode == mt5.TRADE_RETCODE_INVALID
    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_DONE


def test_a_waiting_order_is_filled_at_the_new_symbol_s_price(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send({**WAITING, "sl": 1.07}).order

    rename(mt5_terminal)
    mt5_terminal.broker.set_price(NEW, D("1.07990"), D("1.08000"))

    (position,) = mt5.positions_get()
    assert (position.symbol, position.ticket) == (NEW, ticket)
    mt5_terminal.broker.set_price(NEW, D("1.07000"), D("1.07010"))
    assert mt5.positions_get() == ()


def test_an_order_on_its_way_to_be_filled_arrives(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, seconds=5.0))
    ticket = mt5.order_send(BUY).order

    rename(mt5_terminal)
    mt5_terminal.clock.wait(5.0)

    assert [position.symbol for position in mt5.positions_get()] == [NEW]
    assert mt5.history_orders_get(ticket=ticket)[0].state == mt5.ORDER_STATE_FILLED


def test_nights_and_reopenings_find_the_renamed_position(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    rename(mt5_terminal)
    changes = {"swap_mode": SwapMode.CURRENCY_DEPOSIT.value, "swap_long": "-2"}
    carry_out(mt5_terminal, "symbol", {"symbol": NEW, "changes": changes})

    mt5_terminal.clock.wait(12 * 3600.0)

    assert mt5.positions_get()[0].swap == -0.6


def test_prices_set_by_hand_depth_and_past_go_along(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    broker = mt5_terminal.broker
    broker.set_price("EURUSD", D("1.09000"), D("1.09010"))
    broker.market.set_liquidity("EURUSD", [(D("0.03"), 0)])
    mt5.market_book_add("EURUSD")
    before = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 50).tolist()

    rename(mt5_terminal)

    assert mt5.copy_rates_from_pos(NEW, mt5.TIMEFRAME_M1, 0, 50).tolist() == before
    assert mt5.symbol_info_tick(NEW).bid == 1.09
    assert {level.volume_dbl for level in mt5.market_book_get(NEW)} == {0.03}
    assert broker.market.halted == {NEW}
    assert mt5.symbol_info("EURUSD") is None
    assert mt5.symbol_info_tick("EURUSD") is None


def test_a_disconnected_terminal_still_shows_the_old_name(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    mt5_terminal.set_fault(Fault(FaultKind.DISCONNECTED))

    rename(mt5_terminal)
    mt5_terminal.broker.set_price(NEW, D("1.09000"), D("1.09010"))

    assert mt5.symbol_info(NEW) is None
    assert (mt5.symbol_info("EURUSD").bid, mt5.symbol_info_tick("EURUSD").bid) == (1.085, 1.085)
    assert [(p.symbol, p.price_current) for p in mt5.positions_get()] == [("EURUSD", 1.085)]
    assert mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 1)[0]["close"] == 1.085
    mt5_terminal.clear_faults()
    assert [(p.symbol, p.price_current) for p in mt5.positions_get()] == [(NEW, 1.09)]
    assert mt5.symbol_info_tick(NEW).bid == 1.09


def test_a_disconnected_terminal_that_disconnects_again_learns_nothing(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    for bid in ("1.09000", "1.10000"):
        mt5_terminal.set_fault(Fault(FaultKind.DISCONNECTED))
        mt5_terminal.broker.set_price("EURUSD", D(bid), D(bid))

    assert mt5.symbol_info_tick("EURUSD").bid == 1.085


def test_recorded_prices_are_played_on_under_the_new_name() -> None:
    start = datetime(2026, 3, 4, 12, tzinfo=UTC)
    prices = [D("1.10"), D("1.11"), D("1.12")]
    bars = [Bar(start + timedelta(minutes=n), p, p, p, p, 4, 5) for n, p in enumerate(prices)]
    symbols = [replace(EURUSD, sessions=ALWAYS)]
    terminal = simulate(
        clock=VirtualClock(start), feed=Bars("EURUSD", bars, timedelta(minutes=1)), symbols=symbols
    )
    terminal.broker.change_symbol("EURUSD", replace(symbols[0], name=NEW))
    again = simulate(
        clock=VirtualClock(start), feed=Bars("EURUSD", bars, timedelta(minutes=1)), symbols=symbols
    )
    restore(again.broker, books_of(terminal.broker))

    for broker in (terminal.broker, again.broker):
        broker.advance(start + timedelta(minutes=2))
        assert broker.market.quotes[NEW].bid == D("1.12000")


def test_a_name_that_is_taken_is_refused_and_nothing_changes(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)

    with pytest.raises(Impossible, match="GBPUSD is taken"):
        rename(mt5_terminal, "GBPUSD")

    assert [position.symbol for position in mt5.positions_get()] == ["EURUSD"]
    assert mt5.symbol_info("GBPUSD").bid == 1.27
