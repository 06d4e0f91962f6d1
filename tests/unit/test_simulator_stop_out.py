"""What an account can no longer carry is closed, whatever it is that ruined it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.broker import Broker
from mt5_simulator.broker.catalogue import EURUSD, US30, USDJPY
from mt5_simulator.broker.codes import OrderType, Reason, Retcode, SwapMode
from mt5_simulator.broker.records import Request
from mt5_simulator.broker.symbols import ALWAYS, Symbol
from mt5_simulator.clock import VirtualClock
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.terminal import Terminal

D = Decimal
LOGIN = 1
BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.5, "type_filling": 0}


def holding(symbol: Symbol = EURUSD, volume: str = "0.5", **terms: object) -> Broker:
    """Return a broker whose account has 1,000 and one bought position."""
    account = Terms(login=LOGIN, **terms)  # pyright: ignore[reportArgumentType]  # by name
    symbols = (EURUSD, USDJPY) if symbol.name in {"EURUSD", "USDJPY"} else (EURUSD, USDJPY, symbol)
    always = [replace(known, sessions=ALWAYS) for known in symbols]
    broker = simulate([account], deposit=D(1000), symbols=always).broker
    opened = broker.send(LOGIN, Request(symbol=symbol.name, volume=D(volume), type_filling=1))
    assert opened.retcode == Retcode.DONE
    return broker


def stopped_out(broker: Broker) -> bool:
    account = broker.accounts[LOGIN]
    reasons = {deal.reason for deal in account.deals.values()}
    assert (Reason.SO in reasons) == (not account.positions)
    return not account.positions


def withdraw(broker: Broker) -> None:
    broker.transfer(LOGIN, D(-900))


def lower_the_leverage(broker: Broker) -> None:
    broker.change_terms(replace(broker.accounts[LOGIN].terms, leverage=10))


def enlarge_the_contract(broker: Broker) -> None:
    symbol = broker.market.symbols["EURUSD"]
    broker.change_symbol("EURUSD", replace(symbol, contract_size=D(1_000_000)))


def charge_a_night(broker: Broker) -> None:
    symbol = broker.market.symbols["EURUSD"]
    dear = replace(symbol, swap_mode=SwapMode.CURRENCY_DEPOSIT, swap_long=D(-600))
    broker.change_symbol("EURUSD", dear)
    broker.advance(broker.now + timedelta(hours=12))


def charge_a_commission(broker: Broker) -> None:
    broker.change_terms(replace(broker.accounts[LOGIN].terms, commission_per_lot=D(90_000)))
    broker.send(LOGIN, Request(symbol="EURUSD", volume=D("0.01"), type=OrderType.SELL))


@pytest.mark.parametrize(
    "ruin",
    [withdraw, lower_the_leverage, enlarge_the_contract, charge_a_night, charge_a_commission],
)
def test_a_position_is_stopped_out_without_a_new_price_of_its_own(
    ruin: Callable[[Broker], None],
) -> None:
    broker = holding()
    assert not stopped_out(broker)

    ruin(broker)

    assert stopped_out(broker)


def test_the_night_that_ruins_an_account_is_the_moment_it_is_closed() -> None:
    broker = holding()
    dear = replace(
        broker.market.symbols["EURUSD"], swap_mode=SwapMode.CURRENCY_DEPOSIT, swap_long=D(-600)
    )
    broker.change_symbol("EURUSD", dear)

    broker.advance(broker.now + timedelta(hours=36))

    *_, closed = broker.accounts[LOGIN].deals.values()
    assert (closed.reason, closed.time) == (Reason.SO, datetime(2026, 3, 4, 22, tzinfo=UTC))


def test_a_position_is_stopped_out_when_its_money_turns_into_less() -> None:
    broker = holding(USDJPY, "0.9", currency="EUR")
    assert not stopped_out(broker)

    # Nothing happens to the yen; a euro that is worth five times less makes the margin too large.
    broker.set_price("EURUSD", D("0.20000"), D("0.20010"))

    assert stopped_out(broker)


def test_a_hedge_that_somebody_closes_leaves_what_the_account_cannot_carry() -> None:
    broker = holding(volume="0.9")
    hedge = broker.send(LOGIN, Request(symbol="EURUSD", volume=D("0.9"), type=OrderType.SELL)).order
    broker.transfer(LOGIN, D(-750))
    assert len(broker.accounts[LOGIN].positions) == 2

    broker.close_position(LOGIN, hedge, Reason.MOBILE)

    assert stopped_out(broker)


NIGHT = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # 0:30 at the server: the index opens at one


def two_positions(clock: VirtualClock) -> Terminal:
    """Return a terminal with a position in an index, whose market closes, and one in euro."""
    terminal = simulate([Terms(login=LOGIN)], deposit=D(1000), clock=clock)
    for symbol, volume in (("US30", "1"), ("EURUSD", "0.3")):
        terminal.broker.send(LOGIN, Request(symbol=symbol, volume=D(volume), type_filling=1))
    assert len(terminal.account.positions) == 2
    return terminal


def test_what_cannot_be_traded_now_is_not_closed_now() -> None:
    clock = VirtualClock(NIGHT - timedelta(hours=2))
    terminal = two_positions(clock)
    terminal.broker.set_price("US30", D("39300.00"), D("39302.00"))  # the index is the worst
    terminal.broker.advance(clock.advance(timedelta(hours=2)))

    terminal.broker.transfer(LOGIN, D(-700))

    (left,) = terminal.account.positions.values()
    assert left.symbol == "US30"
    terminal.broker.advance(clock.advance(timedelta(minutes=30)))
    assert not terminal.account.positions  # its market has opened, and no price had to come
    assert US30.sessions


def test_a_stop_out_says_why_in_as_many_characters_as_a_comment_has(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5_terminal.broker.transfer(mt5_terminal.login, D(1_000_000_000))
    assert mt5.initialize()
    for _ in range(2):
        assert mt5.order_send({**BUY, "volume": 100.0}).retcode == mt5.TRADE_RETCODE_DONE

    mt5_terminal.broker.transfer(mt5_terminal.login, D(-1_002_000_000))

    deals = [d for d in mt5.history_deals_get(0, 2**31 - 1) if d.reason == mt5.DEAL_REASON_SO]
    assert deals
    assert {len(deal.comment) for deal in deals} <= set(range(32))
