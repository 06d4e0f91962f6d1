"""Every way a send or an answer can go wrong, and that the broker's truth never bends to it."""

from datetime import timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from mt5_simulator.broker.codes import Reason
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


def test_any_call_can_hang(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.HANG, seconds=5.0, call="positions_get"))
    before = mt5_terminal.clock.now()

    assert mt5.positions_get() == ()
    assert mt5_terminal.clock.now() - before == timedelta(seconds=5)


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


def test_a_partial_fill_makes_deals_at_different_prices(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.PARTIAL, text="0.03@0 0.04@5"))

    result = mt5.order_send({**BUY, "type_filling": 1})

    assert (result.retcode, result.volume) == (10010, 0.07)
    deals = mt5.history_deals_get(ticket=result.order)
    assert [(deal.volume, deal.price) for deal in deals] == [(0.03, 1.0851), (0.04, 1.08515)]
    assert mt5.order_send(BUY).retcode == 10009  # the market is as deep as before


def test_an_overfill_is_the_truth(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.OVERFILL))

    result = mt5.order_send(BUY)

    assert (result.request.volume, result.volume) == (0.1, 0.11)
    assert mt5.positions_get()[0].volume == 0.11


def test_a_storm_of_requotes_passes(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.REJECT, count=3))

    codes = [mt5.order_send(BUY).retcode for _ in range(4)]

    assert codes == [10004, 10004, 10004, 10009]
    assert executed(mt5_terminal) == 1


@pytest.mark.parametrize(
    ("kind", "retcode"), [("autotrading_off", 10027), ("investor", 10017), ("disconnected", 10031)]
)
def test_a_switch_refuses_every_send_until_it_is_cleared(
    mt5: ModuleType, mt5_terminal: Terminal, kind: str, retcode: int
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind(kind)))

    assert [mt5.order_send(BUY).retcode for _ in range(2)] == [retcode] * 2
    assert mt5_terminal.broker.received == []
    mt5_terminal.clear_faults(FaultKind(kind))
    assert mt5.order_send(BUY).retcode == 10009


def test_each_switch_shows_where_the_terminal_shows_it(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    def shown() -> tuple[bool, bool, bool, bool]:
        terminal, account = mt5.terminal_info(), mt5.account_info()
        return (
            terminal.trade_allowed,
            terminal.tradeapi_disabled,
            terminal.connected,
            account.trade_allowed,
        )

    assert shown() == (True, False, True, True)
    for kind in ("autotrading_off", "api_disabled", "disconnected", "investor"):
        mt5_terminal.set_fault(Fault(FaultKind(kind)))
    assert shown() == (False, True, False, False)


def test_a_disabled_api_gives_no_answer_at_all(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.API_DISABLED))

    assert mt5.order_send(BUY) is None
    assert mt5.last_error()[0] == -8


def test_the_investor_password_looks_and_does_not_trade(mt5: ModuleType) -> None:
    assert mt5.login(1_000_001, password="simulated-investor")  # noqa: S106  # make-believe

    assert mt5.account_info().trade_allowed is False
    assert mt5.order_send(BUY).retcode == 10017
    assert mt5.login(1_000_001)
    assert mt5.order_send(BUY).retcode == 10009


def test_a_wrong_password_or_server_is_not_let_in(mt5: ModuleType) -> None:
    assert not mt5.login(1_000_001, password="wrong")  # noqa: S106  # make-believe
    assert mt5.last_error()[0] == mt5.RES_E_AUTH_FAILED
    assert not mt5.login(1_000_001, server="Other-Demo")
    assert not mt5.login(5)
    assert mt5.account_info().login == 1_000_001


def test_a_restarted_terminal_has_a_successful_empty_history_for_a_while(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    mt5_terminal.restart(history_empty_for=timedelta(seconds=10))

    assert mt5.history_deals_get(*EVER) == ()
    assert mt5.last_error() == (1, "Success")
    assert mt5.history_orders_total(*EVER) == 0
    wait(mt5_terminal, 10.0)
    assert mt5.history_deals_total(*EVER) == 2


def test_a_restart_can_break_the_pipe_until_initialize(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.restart(breaks_pipe=True)

    assert mt5.positions_get() is None
    assert mt5.last_error()[0] == -10001
    assert mt5.initialize()
    assert mt5.positions_get() == ()


def test_a_terminal_that_does_not_answer_cannot_be_connected_to(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.NO_ANSWER, call="initialize"))

    assert not mt5.initialize()
    assert mt5.last_error() == (-10005, "IPC timeout")
    assert mt5.positions_get() is None
    assert mt5.initialize()


def test_a_disconnected_terminal_shows_yesterday(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    ticket = mt5.order_send(BUY).order
    mt5_terminal.set_fault(Fault(FaultKind.DISCONNECTED))
    broker = mt5_terminal.broker
    broker.set_price("EURUSD", Decimal("1.09000"), Decimal("1.09010"))
    broker.close_position(1_000_001, ticket, Reason.MOBILE)

    assert [position.price_current for position in mt5.positions_get()] == [1.085]
    assert mt5.symbol_info_tick("EURUSD").bid == 1.085
    assert mt5.account_info().balance == 10000.0

    mt5_terminal.clear_faults()
    assert mt5.positions_get() == ()
    assert mt5.symbol_info_tick("EURUSD").bid == 1.09
    assert mt5.account_info().balance == 10049.0


def test_a_lagging_terminal_shows_what_was_true(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.LAG, seconds=10.0))
    wait(mt5_terminal, 60.0)

    result = mt5.order_send(BUY)

    assert result.deal != 0
    assert mt5.positions_get() == ()
    wait(mt5_terminal, 9.9)
    assert mt5.history_deals_get(ticket=result.order) == ()
    wait(mt5_terminal, 0.1)
    assert mt5.positions_total() == 1
    assert len(mt5.history_deals_get(ticket=result.order)) == 1


def test_positions_get_none_is_not_flat(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.NO_ANSWER, call="positions_get"))

    assert mt5.positions_get() is None
    assert mt5.last_error()[0] == -1
    assert mt5.positions_get() == ()


def test_a_rewritten_comment_leaves_the_magic(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5_terminal.set_fault(Fault(FaultKind.COMMENT_REWRITTEN, text="[auto]"))

    mt5.order_send({**BUY, "comment": "mine"})

    (position,) = mt5.positions_get()
    assert (position.comment, position.magic) == ("[auto]", 7)


def test_a_reopened_position_keeps_only_its_identifier(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    ticket = mt5.order_send(BUY).order
    moved = mt5_terminal.broker.reopen_position(1_000_001, ticket)

    (position,) = mt5.positions_get()
    assert (position.ticket, position.identifier) == (moved.ticket, ticket)
    close = {**BUY, "type": 1}
    assert mt5.order_send({**close, "position": ticket}).retcode == 10036
    assert mt5.order_send({**close, "position": moved.ticket}).retcode == 10009


def test_another_hand_trades_beside_the_program(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    request = {"action": 1, "symbol": "EURUSD", "volume": "0.2", "type": 1}
    carry_out(mt5_terminal, "send", {"request": request})

    (position,) = mt5.positions_get()
    assert (position.reason, position.volume) == (mt5.POSITION_REASON_MOBILE, 0.2)


def test_a_terminal_can_be_switched_to_another_account(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    broker = mt5_terminal.broker
    terms = type(mt5_terminal.account.terms)(login=2, server="Other-Live")
    broker.accounts[2] = type(mt5_terminal.account)(terms)
    mt5.order_send(BUY)

    mt5_terminal.log_in(2)

    account = mt5.account_info()
    assert (account.login, account.server) == (2, "Other-Live")
    assert mt5.positions_get() == ()


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
