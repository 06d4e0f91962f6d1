"""Accounts as the contract shows them, and what the contract leaves to the code to refuse."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from google.protobuf.duration_pb2 import Duration

from countersign.v1 import accounts_pb2, values_pb2
from countersign_server.accounts import wire
from countersign_server.accounts.fingerprints import symbol_fingerprint
from countersign_server.accounts.sizing import Sizing, SizingRule
from countersign_server.accounts.symbol import SymbolProperties
from countersign_server.accounts.terms_wire import (
    limits_from_message,
    quiet_hours_from_message,
    sizing_from_message,
)
from countersign_server.errors import Invalid
from tests.fixtures.back_office import euro_dollar


def test_every_state_mode_and_algorithm_of_the_contract_has_its_word() -> None:
    assert set(wire.TRADING_STATES.values()) == set(values_pb2.TradingState.values()) - {0}
    assert set(wire.MARGIN_MODES.values()) == set(values_pb2.MarginMode.values()) - {0}


def test_a_symbols_fingerprint_is_of_the_text_in_the_protocol() -> None:
    # sha256sum of the seven lines in docs/protocol.md
    assert symbol_fingerprint(euro_dollar()) == (
        "cc33767319a55070426e8c86f4a92971eb043378605d993e64b791c4cb96d830"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "EURUSD"},
        {"digits": 4},
        {"contract_size": Decimal(1000)},
        {"tick_size": Decimal("0.0001")},
        {"currency_base": "USD"},
        {"currency_profit": "EUR"},
    ],
)
def test_what_changes_the_meaning_of_a_lot_changes_the_fingerprint(
    change: dict[str, object],
) -> None:
    changed: SymbolProperties = replace(euro_dollar(), **change)  # type: ignore[arg-type]  # by name
    assert symbol_fingerprint(changed) != symbol_fingerprint(euro_dollar())


def test_what_moves_with_the_market_does_not() -> None:
    moved = replace(euro_dollar(), tick_value=Decimal("0.93"), volume_max=Decimal(50))
    assert symbol_fingerprint(moved) == symbol_fingerprint(euro_dollar())


def test_symbol_properties_come_back_from_storage_and_wire_as_they_went() -> None:
    properties = euro_dollar()
    assert SymbolProperties.from_json(properties.to_json()) == properties
    assert wire.properties_from_message(wire.properties_to_message(properties)) == properties


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"fixed_lots": "0.1"}, SizingRule.FIXED_LOTS),
        ({"multiplier": "0.1"}, SizingRule.MULTIPLIER),
        ({"lots_per_thousand_balance": "0.1"}, SizingRule.BALANCE),
        ({"lots_per_thousand_equity": "0.1"}, SizingRule.EQUITY),
        ({"risk_fraction": "0.1"}, SizingRule.RISK),
    ],
)
def test_each_sizing_of_the_contract_is_a_rule(given: dict[str, str], rule: SizingRule) -> None:
    message = accounts_pb2.Sizing(**given)
    assert sizing_from_message(message, field="sizing") == Sizing(rule, Decimal("0.1"))


def test_a_sizing_without_a_rule_is_refused() -> None:
    with pytest.raises(Invalid, match="sizing"):
        sizing_from_message(accounts_pb2.Sizing(), field="sizing")


def test_limits_that_are_not_given_are_the_contracts_defaults() -> None:
    limits = limits_from_message(accounts_pb2.SubscriptionLimits(), field="limits")
    assert (limits.max_drift_pips, limits.max_spread_pips) == (Decimal(10), Decimal(5))
    assert limits.automatic_max_volume is None


def test_a_signals_age_is_limited_in_whole_seconds() -> None:
    given = accounts_pb2.SubscriptionLimits(max_signal_age=Duration(seconds=90))
    assert limits_from_message(given, field="limits").max_signal_age == timedelta(seconds=90)
    given.max_signal_age.nanos = 1
    with pytest.raises(Invalid, match="max_signal_age"):
        limits_from_message(given, field="limits")


@pytest.mark.parametrize(
    ("start", "end", "zone", "field"),
    [
        ("22:00", "07:00", "Europe/Nowhere", "quiet_hours.time_zone"),
        ("22:00", "22:00", "Europe/Berlin", "quiet_hours.end"),
    ],
)
def test_quiet_hours_that_say_nothing_are_refused_by_field(
    start: str, end: str, zone: str, field: str
) -> None:
    message = accounts_pb2.QuietHours(start=start, end=end, time_zone=zone)
    with pytest.raises(Invalid) as caught:
        quiet_hours_from_message(message, field="quiet_hours")
    assert caught.value.field == field
