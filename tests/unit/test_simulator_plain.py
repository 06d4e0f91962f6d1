"""Values as plain data and back, addresses, and the time."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mt5_simulator.broker.account import Account, Terms
from mt5_simulator.broker.catalogue import CATALOGUE
from mt5_simulator.broker.codes import DealType, Entry, Reason
from mt5_simulator.broker.records import Deal, Request
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.clock import HungForEver, VirtualClock, WallClock
from mt5_simulator.plain import from_plain, to_plain
from mt5_simulator.served.address import parsed_address
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.faults import Fault

decimals = st.decimals(-(10**9), 10**9, places=5)
whole = st.integers(0, 2**64 - 1)
RECORDS = st.one_of(
    st.builds(Request, magic=whole, volume=decimals, sl=decimals, comment=st.text()),
    st.builds(
        Deal,
        ticket=whole,
        order=whole,
        time=st.datetimes(timezones=st.just(UTC)),
        type=st.sampled_from(DealType),
        entry=st.sampled_from(Entry),
        reason=st.sampled_from(Reason),
        profit=decimals,
    ),
)


@given(record=RECORDS)
def test_a_record_survives_json(record: Request | Deal) -> None:
    plain = json.loads(json.dumps(to_plain(record)))

    assert from_plain(type(record), plain) == record


def test_a_request_of_nonsense_survives_json() -> None:
    plain = to_plain(Request(volume=Decimal("nan"), price=Decimal("inf"), action=99))

    assert (plain["volume"], plain["price"], plain["action"]) == ("NaN", "Infinity", 99)
    assert to_plain(from_plain(Request, plain)) == plain


@pytest.mark.parametrize("symbol", CATALOGUE, ids=lambda symbol: symbol.name)
def test_a_symbol_survives_json(symbol: Symbol) -> None:
    assert from_plain(Symbol, json.loads(json.dumps(to_plain(symbol)))) == symbol


def test_an_account_survives_json() -> None:
    account = simulate().account

    assert from_plain(Account, json.loads(json.dumps(to_plain(account)))) == account


def test_an_unknown_field_is_not_dropped() -> None:
    with pytest.raises((KeyError, TypeError)):
        from_plain(Fault, {"kind": "hang", "secconds": 5})


@pytest.mark.parametrize("text", ["127.0.0.1:80", "localhost:0", "::1:9", "unix:relative/path"])
def test_an_address_of_this_machine_is_understood(text: str) -> None:
    assert str(parsed_address(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "unix:", "0.0.0.0:80", "example.com:80", "127.0.0.1", "127.0.0.1:x", "localhost:70000"],
)
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parsed_address(text)


def test_a_virtual_clock_stands_still_and_never_goes_back() -> None:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))

    assert clock.now() == clock.now()
    clock.wait(1.5)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    with pytest.raises(ValueError, match="back"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(HungForEver):
        clock.wait(None)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001  # the mistake in question


def test_a_wall_clock_waits() -> None:
    clock = WallClock()
    before = clock.now()

    clock.wait(0.01)

    assert clock.now() - before >= timedelta(seconds=0.01)


@pytest.mark.parametrize(
    "terms",
    [
        {"login": 0},
        {"login": 1, "leverage": 0},
        {"login": 1, "currency_digits": 9},
        {"login": 1, "fifo_close": True, "margin_mode": 0},
    ],
)
def test_impossible_terms_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"login|leverage|digits|fifo_close"):
        Terms(**terms)


@given(amount=decimals)
def test_money_is_rounded_to_the_currency(amount: Decimal) -> None:
    assert abs(Terms(login=1).rounded(amount) - amount) <= Decimal("0.005")
    assert Terms(login=1, currency_digits=0).rounded(amount) % 1 == 0
