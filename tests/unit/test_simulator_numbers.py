"""Numbers are taken as people write them; what is none is refused by its name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.catalogue import EURUSD
from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.broker.prices import Quote
from mt5_simulator.clock import VirtualClock
from mt5_simulator.simulation import simulate

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def build(what: Any, *arguments: object, **names: object) -> object:
    """Call with arguments that a type checker would refuse."""
    return what(*arguments, **names)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: build(simulate, deposit=True), TypeError, "deposit must be a number"),
        (lambda: build(simulate, deposit=float("nan")), ValueError, "deposit must be a number"),
        (lambda: build(simulate, deposit="much"), ValueError, "deposit must be a number"),
        (lambda: simulate([]), ValueError, "accounts must name one"),
        (lambda: simulate([Terms(login=7)] * 2), ValueError, "accounts must differ, and 7"),
        (lambda: simulate(symbols=[EURUSD, EURUSD]), ValueError, "symbols must differ, and EURUSD"),
        (lambda: build(Terms, login=1, margin_mode=7), ValueError, "margin_mode must be one of 0"),
        (lambda: build(Terms, login=1, commission_per_lot=None), TypeError, "commission_per_lot"),
        (lambda: build(VirtualClock().advance, by=21), TypeError, "seconds=21"),
        (lambda: build(replace, EURUSD, contract_size="big"), ValueError, "contract_size"),
        (lambda: build(Quote, "EURUSD", NOON, None, 1), TypeError, "bid must be a number"),
        (lambda: build(simulate().broker.set_price, "EURUSD", [1], 2), TypeError, "bid must be"),
        (lambda: simulate().broker.transfer(1_000_001, "NaN"), ValueError, "amount must be"),
    ],
)
def test_a_wrong_argument_is_named_with_what_to_give(
    make: Callable[[], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        make()


def test_numbers_are_taken_as_people_write_them() -> None:
    terms: Any = {"margin_mode": 0, "commission_per_lot": 3.5, "stop_out_percent": 20}
    symbol: Any = {"contract_size": 10, "tick_size": 0.00005}
    terminal = simulate(
        [Terms(login=1, **terms)], deposit=5000, symbols=[replace(EURUSD, **symbol)]
    )
    terminal.broker.set_price("EURUSD", 1.1, "1.10005")
    terminal.broker.market.set_liquidity("EURUSD", [(0.1, 0)])

    assert terminal.account.balance == 5000
    assert terminal.account.terms.margin_mode is MarginMode.NETTING
    assert terminal.broker.market.quotes["EURUSD"].ask == Decimal("1.10005")
