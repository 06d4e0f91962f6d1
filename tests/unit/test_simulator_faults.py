"""Every way a send or an answer can go wrong, and that the broker's truth never bends to it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from mt5_simulator.broker.records import Request
from mt5_simulator.served.controls import Impossible, carry_out
from mt5_simulator.terminal.faults import Executes, Fault, FaultKind
from mt5_simulator.terminal.rehearsals import REHEARSALS
from mt5_simulator.terminal.terminal import Terminal

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0, "magic": 7}
EVER = (0, 2**31 - 1)


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def executed(terminal: Terminal) -> int:
    """How many deals the broker made for our magic."""
    return sum(deal.magic == 7 for deal in terminal.account.deals.values())


def wait(terminal: Terminal, seconds: float) -> None:
    terminal.clock.wait(seconds)
    terminal.advance()


@pytest.mark.parametrize(
    ("kind", "executes", "error", "deals"),
    [
        ("send_failed", "now", -10001, 0),
        ("no_connection", "now", -10004, 0),
        ("reply_lost", "now", -10002, 1),
        ("reply_lost", "never", -10002, 0),
        ("out_of_step", "now", -10000, 1),
        ("no_answer", "now", -1, 1),
        ("no_answer", "never", -1, 0),
    ],
)
def test_a_send_without_a_reply_may_or_may_not_have_happened(  # noqa: PLR0913, PLR0917  # one case
    mt5: ModuleType, mt5_terminal: Terminal, kind: str, executes: str, error: int, deals: int
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind(kind), executes=Executes(executes)))

    assert mt5.order_send(BUY) is None
    assert mt5.last_error()[0] == error
    assert executed(mt5_terminal) == deals


def test_a_lost_reply_is_found_by_magic(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.REPLY_LOST))
    mt5.order_send(BUY)

    assert [position.magic for position in mt5.positions_get()] == [7]
    assert mt5.order_send(BUY).retcode == 10009  # the fault struck once


def test_a_pipe_out_of_step_answers_nothing_until_initialize(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.OUT_OF_STEP))
    mt5.order_send(BUY)

    assert mt5.positions_get() is None
    assert mt5.last_error()[0] == -10000
    assert mt5.initialize()
    assert mt5.positions_total() == 1


def test_a_hang_takes_its_time_and_executes(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.HANG, seconds=30.0))
    before = mt5_terminal.clock.now()

    assert mt5.order_send(BUY) is None
    assert mt5_terminal.clock.now() - before == timedelta(seconds=30)
    assert executed(mt5_terminal) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("send_failed", -10001),
        ("no_connection", -10004),
        ("reply_lost", -10002),
        ("out_of_step", -10000),
        ("no_answer", -1),
    ],
)
def test_any_call_can_go_unanswered(
    mt5: ModuleType, mt5_terminal: Terminal, kind: str, error: int
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind(kind), call="history_deals_get"))

    assert mt5.history_deals_get(0, 2**31 - 1) is None
    assert mt5.last_error()[0] == error
    # A pipe out of step stays so; any other failure is over.
    assert (mt5.history_deals_get(0, 2**31 - 1) is None) == (kind == "out_of_step")


def test_any_call_can_hang(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.HANG, seconds=5.0, call="positions_get"))
    before = mt5_terminal.clock.now()

    assert mt5.positions_get() is None
    assert mt5.last_error() == (-10002, "IPC recv failed")
    assert mt5_terminal.clock.now() - before == timedelta(seconds=5)
    assert mt5.positions_get() == ()


@pytest.mark.parametrize("retcode", [10011, 10012, 10028, 10031, 10041])
@pytest.mark.parametrize(
    ("executes", "at_once", "in_the_end"), [("now", 1, 1), ("later", 0, 1), ("never", 0, 0)]
)
def test_a_doubtful_answer_says_nothing_about_what_happened(  # noqa: PLR0913, PLR0917  # one case
    mt5: ModuleType,
    mt5_terminal: Terminal,
    retcode: int,
    executes: str,
    at_once: int,
    in_the_end: int,
) -> None:
    mt5_terminal.set_fault(
        Fault(FaultKind.DOUBTFUL, retcode=retcode, executes=Executes(executes), seconds=20.0)
    )

    result = mt5.order_send(BUY)

    assert (result.retcode, result.deal, result.order) == (retcode, 0, 0)
    assert executed(mt5_terminal) == at_once
    wait(mt5_terminal, 19.9)
    assert executed(mt5_terminal) == at_once
    wait(mt5_terminal, 0.1)
    assert executed(mt5_terminal) == in_the_end


@pytest.mark.parametrize(("executes", "state", "deals"), [("later", 4, 1), ("never", 2, 0)])
def test_a_placed_order_is_filled_or_cancelled_later(  # one case
    mt5: ModuleType, mt5_terminal: Terminal, executes: str, state: int, deals: int
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, executes=Executes(executes), seconds=5.0))

    result = mt5.order_send(BUY)

    assert (result.retcode, result.deal) == (10008, 0)
    assert [order.ticket for order in mt5.orders_get()] == [result.order]
    mt5_terminal.broker.set_price("EURUSD", Decimal("1.08500"), Decimal("1.08510"))
    assert executed(mt5_terminal) == 0  # a price alone does not fill it
    wait(mt5_terminal, 5.0)
    assert mt5.orders_get() == ()
    assert mt5.history_orders_get(ticket=result.order)[0].state == state
    assert executed(mt5_terminal) == deals


def test_a_placed_order_can_be_withdrawn_before_it_fills(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, seconds=5.0))
    ticket = mt5.order_send(BUY).order

    assert mt5.order_send({"action": 8, "order": ticket}).retcode == 10009
    wait(mt5_terminal, 5.0)
    assert executed(mt5_terminal) == 0


def test_a_close_that_finds_less_than_it_was_to_close_says_how_much_it_did(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send({**BUY, "volume": 1.0}).order
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, seconds=5.0))
    close = mt5.order_send({**BUY, "volume": 1.0, "type": 1, "position": ticket}).order
    mt5.order_send({**BUY, "volume": 0.4, "type": 1, "position": ticket})  # somebody was quicker

    wait(mt5_terminal, 5.0)

    (order,) = mt5.history_orders_get(ticket=close)
    (deal,) = (one for one in mt5.history_deals_get(*EVER) if one.order == close)
    assert order.state == mt5.ORDER_STATE_CANCELED
    assert (order.volume_initial, order.volume_current, deal.volume) == (1.0, 0.4, 0.6)


def test_a_close_that_was_accepted_never_opens_what_it_finds_closed(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, seconds=5.0))
    close = mt5.order_send({**BUY, "type": 1, "position": ticket}).order
    mt5.order_send({**BUY, "type": 1, "position": ticket})  # somebody was quicker

    wait(mt5_terminal, 5.0)

    assert mt5.positions_get() == ()
    (order,) = mt5.history_orders_get(ticket=close)
    assert order.state == mt5.ORDER_STATE_CANCELED
    assert order.volume_current == order.volume_initial  # nothing of it was done


def test_a_close_that_was_accepted_takes_only_what_is_left(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    mt5_terminal.set_fault(Fault(FaultKind.PLACED, seconds=5.0))
    close = mt5.order_send({**BUY, "type": 1, "position": ticket}).order
    mt5.order_send({**BUY, "type": 1, "volume": 0.07, "position": ticket})

    wait(mt5_terminal, 5.0)

    assert mt5.positions_get() == ()
    assert [deal.volume for deal in mt5.history_deals_get(ticket=close)] == [0.03]


def test_a_hidden_deal_shows_later(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.DEAL_HIDDEN, seconds=5.0))

    result = mt5.order_send(BUY)

    assert (result.retcode, result.deal) == (10009, 0)
    assert executed(mt5_terminal) == 1
    assert mt5.history_deals_get(ticket=result.order) == ()
    assert mt5.positions_get() == ()
    wait(mt5_terminal, 5.0)
    assert len(mt5.history_deals_get(ticket=result.order)) == 1
    assert mt5.positions_total() == 1


def test_money_a_terminal_has_not_heard_of_does_not_show(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.broker.change_terms(
        replace(mt5_terminal.account.terms, commission_per_lot=Decimal(35))
    )
    opened = mt5.order_send(BUY).order
    before = mt5.account_info()
    mt5_terminal.set_fault(Fault(FaultKind.DEAL_HIDDEN, seconds=5.0, count=2))

    closed = mt5.order_send({**BUY, "type": 1, "position": opened, "volume": 0.04})
    another = mt5.order_send({**BUY, "volume": 0.2})

    assert (closed.retcode, closed.deal, another.deal) == (10009, 0, 0)
    assert mt5.account_info() == before  # balance, equity and margin of what is shown
    assert [(held.ticket, held.volume) for held in mt5.positions_get()] == [(opened, 0.1)]
    wait(mt5_terminal, 5.0)
    assert mt5.account_info().balance == 10_000 - 3.5 - 1.4 - 7 - 0.4
    assert {held.volume for held in mt5.positions_get()} == {0.06, 0.2}


def test_a_partial_fill_makes_deals_at_different_prices(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PARTIAL, text="0.03@0 0.04@5"))

    result = mt5.order_send({**BUY, "type_filling": 1})

    assert (result.retcode, result.volume) == (10010, 0.07)
    deals = mt5.history_deals_get(ticket=result.order)
    assert [(deal.volume, deal.price) for deal in deals] == [(0.03, 1.0851), (0.04, 1.08515)]
    assert mt5.order_send(BUY).retcode == 10009  # the market is as deep as before


def test_a_market_gives_no_part_of_a_volume_step(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PARTIAL, text="0.005@0 0.037@1"))

    result = mt5.order_send({**BUY, "type_filling": 1})

    assert (result.retcode, result.volume) == (10010, 0.03)


def test_an_overfill_is_the_truth(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.OVERFILL))

    result = mt5.order_send(BUY)

    assert (result.request.volume, result.volume) == (0.1, 0.11)
    assert mt5.positions_get()[0].volume == 0.11


def test_an_overfill_takes_no_more_than_the_position_it_closes(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    mt5_terminal.set_fault(Fault(FaultKind.OVERFILL, count=2))

    part = mt5.order_send({**BUY, "volume": 0.04, "type": 1, "position": ticket})
    rest = mt5.order_send({**BUY, "volume": 0.05, "type": 1, "position": ticket})

    assert [(one.retcode, one.volume) for one in (part, rest)] == [(10009, 0.05), (10009, 0.05)]
    assert mt5.positions_get() == ()


@pytest.mark.mt5(margin_mode="netting")
def test_an_overfilled_close_turns_a_netting_account_around(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    mt5_terminal.set_fault(Fault(FaultKind.OVERFILL))

    mt5.order_send({**BUY, "type": 1})

    assert [(held.type, held.volume) for held in mt5.positions_get()] == [(1, 0.01)]


def test_a_storm_of_requotes_passes(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.REJECT, count=3))

    codes = [mt5.order_send(BUY).retcode for _ in range(4)]

    assert codes == [10004, 10004, 10004, 10009]
    assert executed(mt5_terminal) == 1


@pytest.mark.parametrize("name", REHEARSALS)
def test_every_rehearsal_can_be_set_off(mt5: ModuleType, mt5_terminal: Terminal, name: str) -> None:
    shows = carry_out(mt5_terminal, "rehearse", {"name": name})

    assert shows == REHEARSALS[name].shows
    assert mt5.terminal_info() is not None or mt5.last_error()[0] < 0


REHEARSED: dict[str, Any] = {
    "market-closed": 10018,
    "off-quotes": 10021,
    "symbol-renamed": 10013,
    "connection-executed-later": 10031,
    "placed-never-filled": 10008,
}


@pytest.mark.parametrize(("name", "code"), REHEARSED.items())
def test_a_rehearsal_shows_what_it_says(
    mt5: ModuleType, mt5_terminal: Terminal, name: str, code: int
) -> None:
    carry_out(mt5_terminal, "rehearse", {"name": name})

    assert mt5.order_send(BUY).retcode == code
    assert str(code) in REHEARSALS[name].shows or name == "symbol-renamed"


def test_a_contract_that_changed_changes_what_a_lot_earns(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    carry_out(mt5_terminal, "rehearse", {"name": "contract-changed"})

    assert mt5.symbol_info("EURUSD").trade_contract_size == 10_000
    assert mt5.order_calc_profit(0, "EURUSD", 1.0, 1.08, 1.09) == 100.0


@pytest.mark.parametrize(
    ("operation", "details"),
    [
        ("explode", {}),
        ("fault", {"kind": "gremlins"}),
        ("fault", {"kind": "hang", "seconds": -1.0}),
        ("fault", {"kind": "reject", "retcode": 42}),
        ("fault", {"kind": "reject", "count": -1}),
        ("fault", {"kind": "reject", "retcode": 10009}),
        ("fault", {"kind": "hang", "call": "order_teleport"}),
        ("fault", {"kind": "placed", "call": "positions_get"}),
        ("fault", {"kind": "partial"}),
        ("fault", {"kind": "partial", "text": "lots@many"}),
        ("fault", {"kind": "partial", "text": "NaN@0"}),
        ("fault", {"kind": "partial", "text": "0@0"}),
        ("fault", {"kind": "partial", "text": "1@-1"}),
        ("fault", {"kind": "partial", "text": "1@5 1@3"}),
        ("fault", {"kind": "doubtful", "retcode": 10009}),
        ("fault", {"kind": "reply_lost", "retcode": 10004}),
        ("fault", {"kind": "reject", "text": "why"}),
        ("liquidity", {"symbol": "EURUSD", "levels": "Infinity@0"}),
        ("fault", {"kind": "comment_rewritten", "text": "x" * 32}),
        ("terms", {"changes": {"login": 5}}),
        ("terms", {"changes": {"currency": "EUR"}}),
        ("price", {"symbol": "EURUSD", "bid": "2", "ask": "1"}),
        ("price", {"symbol": "NOSUCH", "bid": "1", "ask": "2"}),
        ("price", {"symbol": "EURUSD", "bid": "one", "ask": "2"}),
        ("close", {"ticket": 5}),
        ("transfer", {"amount": "1", "kind": "BUY"}),
        ("symbol", {"symbol": "EURUSD", "changes": {"digits": 99}}),
    ],
)
def test_an_impossible_operation_is_refused_with_a_reason(
    mt5_terminal: Terminal, operation: str, details: dict[str, Any]
) -> None:
    with pytest.raises(Impossible, match=operation):
        carry_out(mt5_terminal, operation, details)


def test_a_request_at_the_broker_carries_decimals_not_floats(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send({**BUY, "volume": 0.1 + 0.2 - 0.2, "sl": 1.08})

    (received,) = mt5_terminal.broker.received
    assert isinstance(received.request, Request)
    assert received.request.sl == Decimal("1.08")
    assert received.answer is not None


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_money_that_is_no_number_is_refused_and_the_books_stay(
    mt5: ModuleType, mt5_terminal: Terminal, amount: str
) -> None:
    with pytest.raises(Impossible):
        carry_out(mt5_terminal, "transfer", {"amount": amount})
    assert mt5.account_info().balance == 10_000
    assert mt5.order_send(BUY).retcode == 10009


@pytest.mark.parametrize("action", [5, 7])
@pytest.mark.parametrize("type_time", [2, 3])
@pytest.mark.parametrize("expiration", [2**35, 2**40, 2**63 - 1])
def test_an_expiration_after_all_days_is_refused(
    mt5: ModuleType, action: int, type_time: int, expiration: int
) -> None:
    pending = {"action": 5, "type": 2, "symbol": "EURUSD", "volume": 0.1, "price": 1.0}
    placed = mt5.order_send({**pending, "type_time": 0})
    late = {"type_time": type_time, "expiration": expiration}
    request = {
        **pending,
        "action": action,
        **late,
        **({"order": placed.order} if action == 7 else {}),
    }
    assert mt5.order_send(request).retcode == 10022
