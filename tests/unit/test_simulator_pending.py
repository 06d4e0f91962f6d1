"""Orders that wait: limit, stop, stop-limit, and when they end."""

from datetime import timedelta
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.terminal.terminal import Terminal

WAIT = {"action": 5, "symbol": "EURUSD", "volume": 0.1, "type_filling": 2}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def price(terminal: Terminal, bid: str, ask: str) -> None:
    terminal.broker.set_price("EURUSD", Decimal(bid), Decimal(ask))


@pytest.mark.parametrize(
    ("kind", "level", "reached"),
    [
        (2, 1.08400, ("1.08380", "1.08390")),
        (3, 1.08600, ("1.08610", "1.08620")),
        (4, 1.08600, ("1.08610", "1.08620")),
        (5, 1.08400, ("1.08380", "1.08390")),
    ],
)
def test_an_order_waits_until_its_price_is_reached(  # one case
    mt5: ModuleType, mt5_terminal: Terminal, kind: int, level: float, reached: tuple[str, str]
) -> None:
    placed = mt5.order_send({**WAIT, "type": kind, "price": level, "sl": 0.0, "magic": 3})
    assert placed.retcode == 10009
    assert [order.ticket for order in mt5.orders_get()] == [placed.order]
    assert mt5.orders_total() == 1

    price(mt5_terminal, *reached)

    assert mt5.orders_get() == ()
    (position,) = mt5.positions_get()
    assert (position.ticket, position.magic) == (placed.order, 3)
    assert mt5.history_orders_get(ticket=placed.order)[0].state == mt5.ORDER_STATE_FILLED


@pytest.mark.parametrize(
    ("kind", "level"), [(2, 1.0852), (3, 1.0849), (4, 1.0850), (5, 1.0851), (2, 1.084001), (2, 0.0)]
)
def test_a_price_on_the_wrong_side_is_refused(mt5: ModuleType, kind: int, level: float) -> None:
    result = mt5.order_send({**WAIT, "type": kind, "price": level})

    assert result.retcode == mt5.TRADE_RETCODE_INVALID_PRICE


def test_a_stop_limit_becomes_a_limit_when_its_stop_is_reached(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    request = {**WAIT, "type": 6, "price": 1.0870, "stoplimit": 1.0860}
    ticket = mt5.order_send(request).order

    price(mt5_terminal, "1.08700", "1.08710")
    (order,) = mt5.orders_get()
    assert (order.type, order.price_open) == (mt5.ORDER_TYPE_BUY_LIMIT, 1.0860)

    price(mt5_terminal, "1.08580", "1.08590")
    assert [position.ticket for position in mt5.positions_get()] == [ticket]


def test_an_order_expires_at_its_moment_of_server_time(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    server_now = mt5.symbol_info_tick("EURUSD").time
    request = {**WAIT, "type": 2, "price": 1.08, "type_time": 2, "expiration": server_now + 60}
    ticket = mt5.order_send(request).order

    mt5_terminal.clock.wait(59.0)
    assert mt5.orders_total() == 1
    mt5_terminal.clock.wait(1.0)

    assert mt5.orders_total() == 0
    (order,) = mt5.history_orders_get(ticket=ticket)
    assert (order.state, order.time_done) == (mt5.ORDER_STATE_EXPIRED, server_now + 60)


def test_a_day_order_ends_with_the_server_day(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    # It is 12:00 UTC and 14:00 on the server: ten hours are left.
    mt5.order_send({**WAIT, "type": 2, "price": 1.08, "type_time": 1})

    mt5_terminal.clock.wait(timedelta(hours=9, minutes=59).total_seconds())
    assert mt5.orders_total() == 1
    mt5_terminal.clock.wait(60.0)
    assert mt5.orders_total() == 0


def test_an_expiration_in_the_past_is_refused(mt5: ModuleType) -> None:
    request = {**WAIT, "type": 2, "price": 1.08, "type_time": 2, "expiration": 1}

    assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_INVALID_EXPIRATION


def test_an_order_can_be_moved_and_withdrawn(mt5: ModuleType) -> None:
    ticket = mt5.order_send({**WAIT, "type": 2, "price": 1.08}).order
    move = {"action": 7, "order": ticket, "price": 1.081, "type_time": 0}

    assert mt5.order_send(move).retcode == 10009
    assert mt5.orders_get()[0].price_open == 1.081
    assert mt5.order_send(move).retcode == mt5.TRADE_RETCODE_NO_CHANGES

    assert mt5.order_send({"action": 8, "order": ticket}).retcode == 10009
    assert mt5.orders_get() == ()
    assert mt5.history_orders_get(ticket=ticket)[0].state == mt5.ORDER_STATE_CANCELED
    assert mt5.order_send({"action": 8, "order": ticket}).retcode == mt5.TRADE_RETCODE_INVALID


@pytest.mark.mt5(limit_orders=1)
def test_no_more_orders_wait_than_the_account_allows(mt5: ModuleType) -> None:
    assert mt5.order_send({**WAIT, "type": 2, "price": 1.08}).retcode == 10009
    assert mt5.order_send({**WAIT, "type": 2, "price": 1.08}).retcode == 10033


@pytest.mark.mt5(deposit=200)
def test_an_order_the_margin_no_longer_carries_is_rejected_when_reached(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send({**WAIT, "type": 2, "price": 1.084}).order
    mt5.order_send({**WAIT, "action": 1, "type": 0, "type_filling": 0})

    price(mt5_terminal, "1.08380", "1.08390")

    assert mt5.positions_total() == 1
    assert mt5.history_orders_get(ticket=ticket)[0].state == mt5.ORDER_STATE_REJECTED
