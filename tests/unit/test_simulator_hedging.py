"""Trading on a hedging account."""

from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.terminal.terminal import Terminal

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}
SELL = {**BUY, "type": 1}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def price(terminal: Terminal, bid: str, ask: str, symbol: str = "EURUSD") -> None:
    terminal.broker.set_price(symbol, Decimal(bid), Decimal(ask))


def test_an_order_a_deal_and_a_position_know_each_other(mt5: ModuleType) -> None:
    result = mt5.order_send({**BUY, "magic": 7, "comment": "hint"})

    (position,) = mt5.positions_get()
    (order,) = mt5.history_orders_get(ticket=result.order)
    (deal,) = mt5.history_deals_get(ticket=result.order)
    assert (result.retcode, result.volume, result.price) == (10009, 0.1, 1.0851)
    assert position.ticket == position.identifier == order.ticket == result.order
    assert deal.ticket == result.deal
    assert deal.order == order.ticket
    assert deal.position_id == order.position_id == position.identifier
    assert (deal.entry, order.state) == (mt5.DEAL_ENTRY_IN, mt5.ORDER_STATE_FILLED)
    assert {position.magic, order.magic, deal.magic} == {7}
    assert {position.comment, order.comment, deal.comment} == {"hint"}


def test_a_buy_pays_the_ask_and_is_worth_the_bid(mt5: ModuleType) -> None:
    mt5.order_send(BUY)

    (position,) = mt5.positions_get()
    assert (position.price_open, position.price_current) == (1.0851, 1.085)
    assert position.profit == -1.0  # ten points of 0.1 lot


def test_opposite_orders_open_two_positions(mt5: ModuleType) -> None:
    mt5.order_send(BUY)
    mt5.order_send(SELL)

    assert [position.type for position in mt5.positions_get()] == [0, 1]


def test_a_partial_close_leaves_the_rest_and_books_its_profit(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    price(mt5_terminal, "1.08610", "1.08620")

    closed = mt5.order_send({**SELL, "volume": 0.04, "position": ticket})

    (position,) = mt5.positions_get()
    (deal,) = mt5.history_deals_get(ticket=closed.order)
    assert (position.ticket, position.volume) == (ticket, 0.06)
    assert (deal.entry, deal.profit, deal.position_id) == (mt5.DEAL_ENTRY_OUT, 4.0, ticket)
    assert mt5.account_info().balance == 10004.0


def test_closing_twice_says_that_the_position_is_gone(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order
    close = {**SELL, "position": ticket}

    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    assert mt5.positions_get() == ()


def test_a_close_of_more_than_is_open_is_refused(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order

    result = mt5.order_send({**SELL, "volume": 0.2, "position": ticket})

    assert result.retcode == mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME


def test_a_close_in_the_direction_of_the_position_is_refused(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order

    assert mt5.order_send({**BUY, "position": ticket}).retcode == mt5.TRADE_RETCODE_INVALID


def test_closing_by_an_opposite_position_makes_two_deals(mt5: ModuleType) -> None:
    long = mt5.order_send(BUY).order
    short = mt5.order_send({**SELL, "volume": 0.04}).order

    result = mt5.order_send({"action": 10, "position": long, "position_by": short})

    (order,) = mt5.history_orders_get(ticket=result.order)
    first, second = mt5.history_deals_get(ticket=result.order)
    assert (order.type, order.position_id, order.position_by_id) == (8, long, short)
    assert (first.position_id, second.position_id) == (long, short)
    assert {first.entry, second.entry} == {mt5.DEAL_ENTRY_OUT_BY}
    assert first.profit == -0.4  # bought at 1.08510, closed by a sale at 1.08500
    assert second.profit == 0.0
    (left,) = mt5.positions_get()
    assert (left.ticket, left.volume) == (long, 0.06)


def test_what_earns_nothing_earns_no_less_than_nothing(mt5: ModuleType) -> None:
    bought, sold = (mt5.order_send({**BUY, "type": side}).order for side in (0, 1))
    mt5.order_send({"action": 10, "position": bought, "position_by": sold})

    *_, last = mt5.history_deals_get(0, 2**31 - 1)

    assert [str(money) for money in (last.profit, last.commission, last.swap)] == ["0.0"] * 3


def test_closing_by_another_position_looks_at_the_two_positions_alone(mt5: ModuleType) -> None:
    bought, sold = (mt5.order_send({**BUY, "type": side}).order for side in (0, 1))
    nonsense = {"type": 99, "type_time": 7, "type_filling": 9, "sl": 3.0, "price": 2.0}

    result = mt5.order_send({"action": 10, "position": bought, "position_by": sold, **nonsense})

    assert result.retcode == 10009
    (order,) = mt5.history_orders_get(ticket=result.order)
    assert (order.type, order.sl, order.type_time) == (mt5.ORDER_TYPE_CLOSE_BY, 0.0, 0)


def test_the_same_direction_cannot_close_by_each_other(mt5: ModuleType) -> None:
    tickets = [mt5.order_send(BUY).order for _ in range(2)]

    result = mt5.order_send({"action": 10, "position": tickets[0], "position_by": tickets[1]})

    assert result.retcode == mt5.TRADE_RETCODE_INVALID


@pytest.mark.parametrize(
    ("bid", "ask", "reason", "profit"),
    [("1.07990", "1.08000", 4, -52.0), ("1.09010", "1.09020", 5, 50.0)],
)
def test_a_stop_closes_at_the_price_that_reaches_it(  # noqa: PLR0913, PLR0917  # one case
    mt5: ModuleType, mt5_terminal: Terminal, bid: str, ask: str, reason: int, profit: float
) -> None:
    mt5.order_send({**BUY, "sl": 1.08, "tp": 1.09, "magic": 9})

    price(mt5_terminal, bid, ask)

    assert mt5.positions_get() == ()
    deal = mt5.history_deals_get(0, 2**31 - 1)[-1]
    assert (deal.reason, deal.profit, deal.entry) == (reason, profit, mt5.DEAL_ENTRY_OUT)
    assert deal.comment in {"[sl 1.08000]", "[tp 1.09000]"}


def test_moving_stops_to_where_they_are_changes_nothing(mt5: ModuleType) -> None:
    ticket = mt5.order_send({**BUY, "sl": 1.08}).order
    move = {"action": mt5.TRADE_ACTION_SLTP, "position": ticket, "sl": 1.081}

    assert mt5.order_send(move).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(move).retcode == mt5.TRADE_RETCODE_NO_CHANGES
    assert mt5.positions_get(ticket=ticket)[0].sl == 1.081


@pytest.mark.mt5(fifo_close=True)
def test_a_first_in_first_out_account_closes_the_oldest_first(mt5: ModuleType) -> None:
    first = mt5.order_send(BUY).order
    second = mt5.order_send(BUY).order

    assert mt5.order_send({**SELL, "position": second}).retcode == 10045
    assert mt5.order_send({**SELL, "position": first}).retcode == 10009
    assert mt5.order_send({**SELL, "position": second}).retcode == 10009


def test_a_partial_close_does_not_make_a_position_younger(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    first = mt5.order_send(BUY).order
    mt5.order_send(BUY)
    mt5.order_send({**SELL, "volume": 0.05, "position": first})

    assert next(iter(mt5_terminal.account.positions)) == first


def test_commission_is_charged_on_both_sides(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    terms = mt5_terminal.account.terms
    mt5_terminal.broker.change_terms(
        type(terms)(login=terms.login, commission_per_lot=Decimal("3.5"))
    )
    ticket = mt5.order_send(BUY).order
    mt5.order_send({**SELL, "position": ticket})

    deals = mt5.history_deals_get(position=ticket)
    assert [deal.commission for deal in deals] == [-0.35, -0.35]
    assert mt5.account_info().balance == 10000 - 1.0 - 0.7


@pytest.mark.mt5(deposit=1000)
def test_the_worst_position_is_stopped_out_first(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    losing = mt5.order_send({**BUY, "volume": 0.5}).order
    winning = mt5.order_send({**SELL, "volume": 0.1}).order

    price(mt5_terminal, "1.06300", "1.06310")

    deal = mt5.history_deals_get(0, 2**31 - 1)[-1]
    assert (deal.position_id, deal.reason) == (losing, mt5.DEAL_REASON_SO)
    assert deal.comment.startswith("[so ")
    assert [position.ticket for position in mt5.positions_get()] == [winning]


@pytest.mark.mt5(deposit=100)
def test_an_order_the_margin_cannot_carry_is_refused(mt5: ModuleType) -> None:
    assert mt5.order_check(BUY).retcode == mt5.TRADE_RETCODE_NO_MONEY
    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_NO_MONEY
    assert mt5.order_send({**BUY, "volume": 0.05}).retcode == mt5.TRADE_RETCODE_DONE


@pytest.mark.mt5(deposit=500)
def test_an_order_that_lowers_the_margin_is_taken_whatever_the_equity(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send({**BUY, "volume": 0.4})
    price(mt5_terminal, "1.07700", "1.07710")  # 176 of equity left for 430 of margin

    assert mt5.order_send(BUY).retcode == mt5.TRADE_RETCODE_NO_MONEY
    assert mt5.order_send(SELL).retcode == mt5.TRADE_RETCODE_DONE


@pytest.mark.mt5(deposit=150)
def test_an_order_that_waits_closes_no_position_and_needs_its_margin(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    first = mt5.order_send(BUY).order
    waiting = {"action": 5, "type": 2, "price": 1.084, "type_filling": 2, "position": first}

    assert mt5.order_send({**BUY, **waiting, "volume": 5.0}).retcode == 10019
    second = mt5.order_send({**BUY, **waiting, "volume": 0.01}).order
    price(mt5_terminal, "1.08380", "1.08390")

    assert {(p.ticket, p.volume) for p in mt5.positions_get()} == {(first, 0.1), (second, 0.01)}


def test_hedged_volume_needs_half_the_margin(mt5: ModuleType) -> None:
    # EURUSD counts 50,000 units for a hedged lot of 100,000.
    mt5.order_send(BUY)
    alone = mt5.account_info().margin
    mt5.order_send(SELL)

    assert mt5.account_info().margin == pytest.approx(alone / 2, abs=0.02)


def test_a_check_trades_nothing(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    checked = mt5.order_check(BUY)

    assert (checked.retcode, checked.comment) == (0, "Done")
    assert checked.margin == 108.5
    assert mt5.positions_get() == ()
    assert mt5_terminal.broker.received == []
