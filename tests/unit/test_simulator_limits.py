"""How many positions an account may hold at once."""

from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.terminal.terminal import Terminal

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}
SELL = {**BUY, "type": 1}
WAIT = {**BUY, "action": 5, "type": 2, "price": 1.08, "type_filling": 2}
OTHER = {"symbol": "GBPUSD", "price": 1.26}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


@pytest.mark.mt5(limit_positions=1)
def test_the_number_of_positions_has_a_limit(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order

    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_LIMIT_POSITIONS
    assert mt5.order_send({**SELL, "position": ticket}).retcode == 10009


@pytest.mark.mt5(limit_positions=2)
def test_what_waits_counts_as_a_position_where_each_order_opens_one(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    assert [mt5.order_send(request).retcode for request in (BUY, WAIT)] == [10009, 10009]

    assert mt5.order_send(WAIT).retcode == mt5.TRADE_RETCODE_LIMIT_POSITIONS
    assert mt5.order_send(SELL).retcode == mt5.TRADE_RETCODE_LIMIT_POSITIONS

    mt5_terminal.broker.set_price("EURUSD", Decimal("1.07990"), Decimal("1.08000"))
    assert (mt5.positions_total(), mt5.orders_total()) == (2, 0)


@pytest.mark.mt5(limit_positions=1, margin_mode="netting")
def test_a_netting_account_at_its_limit_still_trades_the_symbols_it_holds(mt5: ModuleType) -> None:
    codes = [mt5.order_send(request).retcode for request in (BUY, BUY, WAIT)]
    assert codes == [10009, 10009, 10009]

    limited = mt5.TRADE_RETCODE_LIMIT_POSITIONS
    assert mt5.order_send({**BUY, **OTHER}).retcode == limited
    assert mt5.order_send({**WAIT, **OTHER}).retcode == limited


@pytest.mark.mt5(limit_positions=1, margin_mode="netting")
def test_an_order_that_waited_opens_no_position_beyond_the_limit(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    first, second = (mt5.order_send(order).order for order in (WAIT, {**WAIT, **OTHER}))

    mt5_terminal.broker.set_price("EURUSD", Decimal("1.07990"), Decimal("1.08000"))
    mt5_terminal.broker.set_price("GBPUSD", Decimal("1.25990"), Decimal("1.26000"))

    assert [position.identifier for position in mt5.positions_get()] == [first]
    assert mt5.history_orders_get(ticket=second)[0].state == mt5.ORDER_STATE_REJECTED
