"""What the trade server refuses, and with which code."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from mt5_simulator.broker.catalogue import EURUSD, XAUUSD
from mt5_simulator.broker.codes import Execution, FillingMask, OrderMode, Retcode, TradeMode
from mt5_simulator.terminal.terminal import Terminal

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}
SELL = {**BUY, "type": 1}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def change(terminal: Terminal, **changes: Any) -> None:  # a symbol's properties
    terminal.broker.market.replace_symbol("EURUSD", replace(EURUSD, **changes))


@pytest.mark.parametrize(
    ("request_changes", "code"),
    [
        ({"action": 99}, 10013),
        ({"action": 0}, 10013),
        ({"type": 2}, 10013),
        ({"type": 99}, 10013),
        ({"symbol": "NOSUCH"}, 10013),
        ({"volume": 0.0}, 10014),
        ({"volume": 0.005}, 10014),
        ({"volume": 0.015}, 10014),
        ({"volume": 100.01}, 10014),
        ({"volume": -0.1}, 10014),
        ({"volume": float("nan")}, 10014),
        ({"volume": float("inf")}, 10014),
        ({"price": float("nan")}, 10015),
        ({"sl": float("nan")}, 10016),
        ({"tp": float("inf")}, 10016),
        ({"sl": -1.0}, 10016),
        ({"volume": 1e300}, 10014),
        ({"price": -1e300}, 10015),
        ({"sl": 1e300}, 10016),
        ({"sl": 1.08500}, 10016),
        ({"sl": 1.09}, 10016),
        ({"tp": 1.08}, 10016),
        ({"type_filling": 2}, 10030),
        ({"type_filling": 3}, 10030),
        ({"type_filling": 99}, 10030),
        ({"position": 1}, 10036),
    ],
)
def test_a_market_order_is_refused(
    mt5: ModuleType, request_changes: dict[str, Any], code: int
) -> None:
    request = {**BUY, **request_changes}

    assert mt5.order_check(request).retcode == code
    result = mt5.order_send(request)

    assert (result.retcode, result.deal, result.order) == (code, 0, 0)
    assert result.comment == Retcode(code).text
    assert mt5.positions_get() == ()


def test_a_broker_counts_in_units_too_fine_for_the_noise_of_floats(mt5: ModuleType) -> None:
    result = mt5.order_send({**BUY, "volume": 0.1 + 0.2, "sl": 1.085 - 0.001})

    assert (result.retcode, result.volume) == (10009, 0.3)
    assert mt5.positions_get()[0].sl == 1.084


@pytest.mark.parametrize(
    ("mode", "buy_code", "sell_code"),
    [
        (TradeMode.DISABLED, 10017, 10017),
        (TradeMode.LONG_ONLY, 10009, 10042),
        (TradeMode.SHORT_ONLY, 10043, 10009),
        (TradeMode.CLOSE_ONLY, 10044, 10044),
        (TradeMode.FULL, 10009, 10009),
    ],
)
def test_a_symbol_says_which_way_it_trades(
    mt5: ModuleType, mt5_terminal: Terminal, mode: TradeMode, buy_code: int, sell_code: int
) -> None:
    change(mt5_terminal, trade_mode=mode)

    assert mt5.order_send(BUY).retcode == buy_code
    assert mt5.order_send(SELL).retcode == sell_code


def test_a_close_only_symbol_still_closes(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    ticket = mt5.order_send(BUY).order
    change(mt5_terminal, trade_mode=TradeMode.CLOSE_ONLY)

    assert mt5.order_send({**SELL, "position": ticket}).retcode == 10009


def test_stops_keep_their_distance_from_the_closing_price(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    change(mt5_terminal, stops_level=50)

    assert mt5.order_send({**BUY, "sl": 1.08451}).retcode == 10016
    assert mt5.order_send({**BUY, "sl": 1.08450}).retcode == 10009
    assert mt5.order_send({**SELL, "sl": 1.08559}).retcode == 10016
    assert mt5.order_send({**SELL, "sl": 1.08560}).retcode == 10009


def test_a_position_near_its_stop_is_frozen(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    ticket = mt5.order_send({**BUY, "sl": 1.0840}).order
    change(mt5_terminal, freeze_level=100)

    assert mt5.order_send({**SELL, "position": ticket}).retcode == mt5.TRADE_RETCODE_FROZEN
    move = {"action": 6, "position": ticket, "sl": 1.08}
    assert mt5.order_send(move).retcode == mt5.TRADE_RETCODE_FROZEN


def test_a_price_that_moved_beyond_the_deviation_is_requoted(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    change(mt5_terminal, execution=Execution.INSTANT)

    assert mt5.order_send({**BUY, "price": 1.08490, "deviation": 19}).retcode == 10004
    assert mt5.order_send({**BUY, "price": 1.08490, "deviation": 20}).retcode == 10009
    assert mt5.order_send(BUY).retcode == 10015  # instant execution needs a price


def test_open_volume_in_one_direction_has_a_limit(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    change(mt5_terminal, volume_limit=Decimal("0.25"))

    codes = [mt5.order_send(request).retcode for request in (BUY, BUY, BUY, SELL)]

    assert codes == [10009, 10009, mt5.TRADE_RETCODE_LIMIT_VOLUME, 10009]


@pytest.mark.parametrize(
    ("terms", "code"), [({"trade_allowed": False}, 10017), ({"trade_expert": False}, 10026)]
)
def test_an_account_without_rights_trades_nothing(
    mt5: ModuleType, mt5_terminal: Terminal, terms: dict[str, bool], code: int
) -> None:
    broker = mt5_terminal.broker
    broker.change_terms(replace(mt5_terminal.account.terms, **terms))

    assert mt5.order_send(BUY).retcode == code


@pytest.mark.parametrize(
    ("mode", "changes", "code"),
    [
        (OrderMode.LIMIT, {}, 10035),
        (OrderMode.MARKET, {}, 10009),
        (OrderMode.MARKET, {"sl": 1.08}, 10035),
        (OrderMode.MARKET | OrderMode.SL, {"sl": 1.08}, 10009),
        (OrderMode.MARKET | OrderMode.SL, {"tp": 1.09}, 10035),
        (OrderMode.LIMIT, {"action": 5, "type": 2, "price": 1.08}, 10009),
        (OrderMode.LIMIT, {"action": 5, "type": 5, "price": 1.08}, 10035),
    ],
)
def test_a_symbol_says_which_orders_it_takes(  # one case
    mt5: ModuleType,
    mt5_terminal: Terminal,
    mode: OrderMode,
    changes: dict[str, Any],
    code: int,
) -> None:
    change(mt5_terminal, order_mode=mode)

    assert mt5.order_send({**BUY, **changes}).retcode == code


def test_a_closed_market_refuses_and_its_clock_stands_still(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    before = mt5.symbol_info_tick("EURUSD").time
    mt5_terminal.clock.wait(3 * 24 * 3600.0)  # from Wednesday to Saturday

    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_MARKET_CLOSED
    assert mt5.symbol_info_tick("EURUSD").time == before


def test_an_order_is_not_withdrawn_while_its_market_is_closed(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    waiting = {**BUY, "action": 5, "type": 2, "price": 1.08, "type_filling": 2}
    withdraw = {"action": 8, "order": mt5.order_send(waiting).order}
    mt5_terminal.clock.wait(3 * 24 * 3600.0)  # from Wednesday to Saturday

    assert mt5.order_send(withdraw).retcode == mt5.TRADE_RETCODE_MARKET_CLOSED

    mt5_terminal.clock.wait(2 * 24 * 3600.0)
    assert mt5.order_send(withdraw).retcode == mt5.TRADE_RETCODE_DONE


def test_a_holiday_has_no_session(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    market = mt5_terminal.broker.market
    today = market.server_time(mt5_terminal.clock.now()).date()
    market.replace_symbol("EURUSD", replace(EURUSD, holidays=(today,)))
    assert mt5.initialize()

    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_MARKET_CLOSED

    mt5_terminal.clock.wait(24 * 3600.0)
    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_DONE


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 3, 2, 0, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 6, 23, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 7, 0, 0, tzinfo=UTC), False),
    ],
)
def test_gold_trades_from_one_to_midnight_on_weekdays(moment: datetime, *, is_open: bool) -> None:
    assert XAUUSD.is_open(moment) is is_open


@pytest.mark.parametrize(
    ("mask", "filling", "code"),
    [
        (FillingMask.FOK, 0, 10009),
        (FillingMask.FOK, 1, 10030),
        (FillingMask.IOC, 0, 10030),
        (FillingMask.IOC, 1, 10009),
    ],
)
def test_a_symbol_says_how_orders_may_be_filled(  # one case
    mt5: ModuleType, mt5_terminal: Terminal, mask: FillingMask, filling: int, code: int
) -> None:
    change(mt5_terminal, filling=mask)

    assert mt5.order_send({**BUY, "type_filling": filling}).retcode == code


def depth(terminal: Terminal, *levels: tuple[str, int]) -> None:
    pairs = [(Decimal(volume), points) for volume, points in levels]
    terminal.broker.market.set_liquidity("EURUSD", pairs)


def test_fill_or_kill_takes_all_or_nothing(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    depth(mt5_terminal, ("0.09", 0))

    result = mt5.order_send(BUY)

    assert (result.retcode, result.deal) == (mt5.TRADE_RETCODE_REJECT, 0)
    assert mt5.positions_get() == ()
    assert mt5.history_orders_get(ticket=result.order)[0].state == mt5.ORDER_STATE_CANCELED


def test_immediate_or_cancel_takes_what_is_there_at_each_price(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    depth(mt5_terminal, ("0.02", 0), ("0.03", 10))

    result = mt5.order_send({**BUY, "type_filling": 1})

    assert (result.retcode, result.volume) == (mt5.TRADE_RETCODE_DONE_PARTIAL, 0.05)
    deals = mt5.history_deals_get(ticket=result.order)
    assert [(deal.volume, deal.price) for deal in deals] == [(0.02, 1.0851), (0.03, 1.0852)]
    (position,) = mt5.positions_get()
    assert (position.volume, position.price_open) == (0.05, 1.08516)
    (order,) = mt5.history_orders_get(ticket=result.order)
    assert (order.state, order.volume_current) == (mt5.ORDER_STATE_CANCELED, 0.05)


def test_return_keeps_working_until_the_rest_is_there(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    change(mt5_terminal, execution=Execution.EXCHANGE)
    depth(mt5_terminal, ("0.04", 0))

    result = mt5.order_send({**BUY, "type_filling": 2})
    assert result.retcode == mt5.TRADE_RETCODE_DONE_PARTIAL
    assert mt5.orders_get()[0].state == mt5.ORDER_STATE_PARTIAL

    depth(mt5_terminal, ("1", 0))
    mt5_terminal.broker.set_price("EURUSD", Decimal("1.08600"), Decimal("1.08610"))

    assert mt5.orders_get() == ()
    assert [deal.volume for deal in mt5.history_deals_get(ticket=result.order)] == [0.04, 0.06]
    assert [position.volume for position in mt5.positions_get()] == [0.1]
