"""What a terminal shows, late or never, and which of its switches stop it from trading."""

from datetime import timedelta
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.broker.codes import Reason
from mt5_simulator.broker.records import Request
from mt5_simulator.served.controls import carry_out
from mt5_simulator.terminal.faults import Fault, FaultKind
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


def test_two_terminals_of_one_account_learn_at_their_own_pace(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    late = Terminal(mt5_terminal.broker, mt5_terminal.clock, login=mt5_terminal.login)
    late.set_fault(Fault(FaultKind.LAG, seconds=10.0))

    mt5.order_send(BUY)

    assert mt5.positions_total() == 1
    assert late.seen_positions(late.advance()) == []
    wait(mt5_terminal, 10.0)
    assert len(late.seen_positions(late.advance())) == 1


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


@pytest.mark.parametrize("hand", ["own", "other"])
def test_a_server_keeps_thirty_one_characters_of_a_comment(
    mt5: ModuleType, mt5_terminal: Terminal, hand: str
) -> None:
    broker, long = mt5_terminal.broker, "x" * 40
    if hand == "own":
        mt5_terminal.set_fault(Fault(FaultKind.COMMENT_REWRITTEN, text=long[:31]))
        mt5.order_send(BUY)
    else:
        broker.send(mt5_terminal.login, Request(symbol="EURUSD", volume=Decimal(1), comment=long))
    broker.transfer(mt5_terminal.login, Decimal(-5), comment=long)

    assert {deal.comment for deal in mt5.history_deals_get(*EVER)} == {"deposit", long[:31]}


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
