"""Trading on accounts that keep one position per symbol."""

from dataclasses import replace
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.terminal import Terminal

pytestmark = pytest.mark.mt5(margin_mode="netting")

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}
SELL = {**BUY, "type": 1}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def price(terminal: Terminal, bid: str, ask: str) -> None:
    terminal.broker.set_price("EURUSD", Decimal(bid), Decimal(ask))


def test_a_second_buy_adds_at_the_weighted_price(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    first = mt5.order_send(BUY).order
    price(mt5_terminal, "1.08800", "1.08810")
    second = mt5.order_send({**BUY, "volume": 0.2})

    (position,) = mt5.positions_get()
    assert (position.ticket, position.volume, position.price_open) == (first, 0.3, 1.0871)
    (deal,) = mt5.history_deals_get(ticket=second.order)
    assert (deal.entry, deal.position_id) == (mt5.DEAL_ENTRY_IN, first)


def test_an_opposite_order_reduces(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order
    mt5.order_send({**SELL, "volume": 0.04})

    (position,) = mt5.positions_get()
    assert (position.ticket, position.volume, position.type) == (ticket, 0.06, 0)


def test_a_larger_opposite_order_reverses_in_one_deal(mt5: ModuleType) -> None:
    first = mt5.order_send(BUY).order

    turned = mt5.order_send({**SELL, "volume": 0.3, "magic": 5})

    (position,) = mt5.positions_get()
    (deal,) = mt5.history_deals_get(ticket=turned.order)
    assert (deal.entry, deal.volume, deal.profit) == (mt5.DEAL_ENTRY_INOUT, 0.3, -1.0)
    assert (position.identifier, position.ticket) == (first, turned.order)
    assert (position.type, position.volume, position.magic) == (1, 0.2, 5)


def test_an_order_that_closes_and_opens_belongs_to_what_it_opened(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    first = mt5.order_send(BUY).order
    mt5_terminal.set_fault(Fault(FaultKind.PARTIAL, text="0.1@0 0.05@1"))

    turned = mt5.order_send({**SELL, "volume": 0.3, "type_filling": 1}).order

    (position,) = mt5.positions_get()
    deals = mt5.history_deals_get(ticket=turned)
    assert [deal.position_id for deal in deals] == [first, turned]
    assert (position.identifier, position.volume) == (turned, 0.05)
    assert [order.ticket for order in mt5.history_orders_get(position=turned)] == [turned]


@pytest.mark.mt5(margin_mode="hedging")
@pytest.mark.parametrize(("held", "allowed"), [(1, True), (2, False)])
def test_an_account_nets_from_now_on_only_if_it_could_hold_what_it_has(
    mt5: ModuleType, mt5_terminal: Terminal, held: int, *, allowed: bool
) -> None:
    for _ in range(held):
        mt5.order_send(BUY)
    broker, terms = mt5_terminal.broker, mt5_terminal.account.terms
    netting = replace(terms, margin_mode=MarginMode.NETTING)

    if allowed:
        broker.change_terms(netting)
        mt5.order_send({**SELL, "volume": 0.3})
        assert [(p.type, p.volume) for p in mt5.positions_get()] == [(1, 0.2)]
    else:
        with pytest.raises(ValueError, match="holds 2 positions of EURUSD; close all but one"):
            broker.change_terms(netting)
        assert mt5.account_info().margin_mode == mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING


def test_a_close_sent_twice_opens_the_reverse_position(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order
    close = {**SELL, "position": ticket}

    assert mt5.order_send(close).retcode == 10009
    assert mt5.order_send(close).retcode == 10009
    (position,) = mt5.positions_get()
    assert (position.type, position.volume) == (1, 0.1)


def test_stops_can_be_moved_by_symbol_alone(mt5: ModuleType) -> None:
    mt5.order_send(BUY)

    result = mt5.order_send({"action": mt5.TRADE_ACTION_SLTP, "symbol": "EURUSD", "sl": 1.08})

    assert result.retcode == 10009
    assert mt5.positions_get()[0].sl == 1.08


def test_closing_by_another_position_is_refused(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order

    result = mt5.order_send({"action": 10, "position": ticket, "position_by": ticket})

    assert result.retcode == mt5.TRADE_RETCODE_INVALID


@pytest.mark.mt5(margin_mode="exchange")
def test_an_exchange_account_nets_too(mt5: ModuleType) -> None:
    mt5.order_send(BUY)
    mt5.order_send(SELL)

    assert mt5.account_info().margin_mode == mt5.ACCOUNT_MARGIN_MODE_EXCHANGE
    assert mt5.positions_get() == ()


def test_reversing_needs_margin_only_for_what_is_left(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    # 9 lots need 9,765 of 10,000; turning 9 into -9 needs no more than that.
    mt5.order_send({**BUY, "volume": 9.0})

    assert mt5.order_send({**SELL, "volume": 18.0}).retcode == 10009
    assert mt5.order_send({**SELL, "volume": 1.0}).retcode == mt5.TRADE_RETCODE_NO_MONEY
    assert len(mt5_terminal.account.positions) == 1
