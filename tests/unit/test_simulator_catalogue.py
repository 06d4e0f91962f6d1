"""The catalogue against what terminals and statements of real brokers show."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mt5_simulator
from mt5_simulator.broker.broker import Broker
from mt5_simulator.broker.catalogue import CATALOGUE, EURUSD
from mt5_simulator.broker.described import symbol_from
from mt5_simulator.clock import VirtualClock
from mt5_simulator.simulation import attach, detach
from mt5_simulator.terminal.symbol_rows import contract_fields, rule_fields
from mt5_simulator.terminal.terminal import Terminal
from tests.fixtures.real_data import real_files

NAMES = {symbol.name for symbol in CATALOGUE}

# What a terminal printed of two symbols: what a contract is, not how a broker prices it.
PRINTED: dict[str, dict[str, Any]] = {
    "EURUSD": {
        "digits": 5,
        "point": 1e-05,
        "trade_contract_size": 100000.0,
        "trade_tick_size": 1e-05,
        "trade_tick_value": 1.0,
        "trade_tick_value_loss": 1.0,
        "volume_min": 0.01,
        "volume_max": 100.0,
        "volume_step": 0.01,
        "trade_calc_mode": 0,
        "trade_exemode": 2,
        "trade_stops_level": 1,
        "swap_long": -11.0,
        "swap_short": 1.14064,
        "swap_mode": 1,
        "swap_rollover3days": 3,
        "margin_hedged": 50000.0,
        "filling_mode": 3,
        "expiration_mode": 15,
        "order_mode": 127,
    },
    "USDJPY": {
        "digits": 3,
        "point": 0.001,
        "trade_contract_size": 100000.0,
        "trade_tick_size": 0.001,
        "volume_max": 200.0,
        "trade_calc_mode": 0,
        "swap_long": 12.46,
        "swap_short": -25.92,
        "margin_initial": 100000.0,
        "margin_hedged": 100000.0,
        "filling_mode": 2,
        "ticks_bookdepth": 10,
        "currency_margin": "USD",
        "currency_profit": "JPY",
        "description": "US Dollar vs Japanese Yen",
        "path": "Forex\\Majors\\USDJPY",
    },
}

# Same at every broker that names the symbol so; levels, swaps and volumes differ between brokers.
UNIVERSAL = {"digits", "point", "trade_tick_size", "currency_base", "currency_profit"}


@pytest.mark.parametrize("name", PRINTED)
def test_a_symbol_shows_what_a_terminal_printed(mt5: ModuleType, name: str) -> None:
    assert mt5.initialize()

    shown = mt5.symbol_info(name)._asdict()

    assert {field: shown[field] for field in PRINTED[name]} == PRINTED[name]


@pytest.mark.mt5(currency="EUR")
def test_a_tick_is_worth_its_price_in_the_account_s_currency(mt5: ModuleType) -> None:
    # As printed by a terminal in euro: a gain is turned at the ask and a loss at the bid.
    assert mt5.initialize()
    info = mt5.symbol_info("EURUSD")

    assert info.trade_tick_value_profit == pytest.approx(1 / info.ask)
    assert info.trade_tick_value_loss == pytest.approx(1 / info.bid)


def records(file: Path) -> list[dict[str, Any]]:
    """Return the symbols that terminals printed, each with the currency of its account."""
    return [
        {**entry["symbol_info"], "account_currency": entry["account_currency_inferred"]}
        for entry in json.loads(file.read_text())
    ]


RECORDS = [
    *({**fields, "name": name} for name, fields in PRINTED.items()),
    *(record for file in real_files("symbols/symbol_info.json") for record in records(file)),
]


@pytest.mark.parametrize(
    "record",
    [record for record in RECORDS if record.get("name") in NAMES],
    ids=lambda record: f"{record['name']}-{len(record)}",
)
def test_the_catalogue_agrees_with_every_record_of_its_symbols(
    mt5: ModuleType, record: dict[str, Any]
) -> None:
    assert mt5.initialize()

    shown = mt5.symbol_info(record["name"])._asdict()

    compared = UNIVERSAL & set(record)
    assert {field: shown[field] for field in compared} == {
        field: record[field] for field in compared
    }
    assert compared


# What one terminal printed of an index, with its zeros left out.
INDEX: dict[str, Any] = {
    "name": "USTEC",
    "account_currency": "USD",
    "description": "US Tech 100 Index",
    "path": "CFD-2\\USTEC",
    "currency_base": "USD",
    "currency_profit": "USD",
    "currency_margin": "USD",
    "digits": 2,
    "point": 0.01,
    "spread": 64,
    "bid": 26483.23,
    "ask": 26483.87,
    "trade_calc_mode": 3,
    "trade_mode": 4,
    "trade_exemode": 2,
    "trade_tick_size": 0.01,
    "trade_tick_value": 0.01,
    "trade_tick_value_profit": 0.01,
    "trade_tick_value_loss": 0.01,
    "trade_contract_size": 1.0,
    "volume_min": 0.01,
    "volume_max": 250.0,
    "volume_step": 0.01,
    "swap_mode": 3,
    "swap_long": -4.55,
    "swap_short": 0.91,
    "swap_rollover3days": 5,
    "filling_mode": 2,
    "order_mode": 127,
    "expiration_mode": 15,
}
# What a terminal says of a symbol that does not change with the day or the moment.
DESCRIBED = {*contract_fields(EURUSD), *rule_fields(EURUSD), "bid", "ask", "spread"}
# What a record has when its author did not cut it short.
WHOLE = {"bid", "spread", "volume_max", "currency_base", "trade_contract_size"}
TICK_VALUES = {"trade_tick_value", "trade_tick_value_profit", "trade_tick_value_loss"}


@pytest.mark.parametrize(
    "record",
    [INDEX, *(record for record in RECORDS if set(record) >= WHOLE)],
    ids=lambda record: f"{record['name']}-{len(record)}",
)
def test_a_real_terminal_s_symbol_is_shown_as_that_terminal_showed_it(
    record: dict[str, Any],
) -> None:
    currency = record["account_currency"]
    account, clock = mt5_simulator.Terms(login=1, currency=currency), VirtualClock()
    # Not `simulate`, which wants what turns the symbol's money into the account's, too.
    broker = Broker([account], now=clock.now(), symbols=[symbol_from(record)])
    attach(Terminal(broker, clock, login=1))
    assert mt5_simulator.initialize()

    info: Any = mt5_simulator.symbol_info(record["name"])

    shown = info._asdict()
    # In another currency a tick is worth what a second symbol was quoted at, which is not recorded.
    comparable = DESCRIBED | TICK_VALUES if currency == record["currency_profit"] else DESCRIBED
    compared = comparable & set(record)
    assert {field: shown[field] for field in compared} == {
        field: record[field] for field in compared
    }
    detach()


# As statements of real accounts imply it: money of the account per one price unit and lot.
IMPLIED = [
    {"symbol": "EURUSD", "account_currency": "USD", "money_per_1_price_unit_per_lot_median": 1e5},
    {"symbol": "XAUUSD", "account_currency": "USD", "money_per_1_price_unit_per_lot_median": 100.0},
]


@pytest.mark.parametrize(
    "entry",
    [
        entry
        for entry in [
            *IMPLIED,
            *(
                entry
                for file in real_files("symbols/implied_contracts_from_reports.json")
                for entry in json.loads(file.read_text())
            ),
        ]
        if entry["symbol"] in NAMES - {"USDJPY"} and entry["account_currency"] == "USD"
    ],
    ids=lambda entry: f"{entry.get('server', 'made')}-{entry['symbol']}",
)
def test_a_lot_earns_what_real_statements_imply(mt5: ModuleType, entry: dict[str, Any]) -> None:
    assert mt5.initialize()

    earned = mt5.order_calc_profit(0, entry["symbol"], 1.0, 100.0, 101.0)

    assert earned == entry["money_per_1_price_unit_per_lot_median"]
