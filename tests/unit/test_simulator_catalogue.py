"""The catalogue against what terminals and statements of real brokers show."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mt5_simulator.broker.catalogue import CATALOGUE

SHARED = Path(__file__).parents[3] / "shared" / "data" / "symbols"
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


@pytest.mark.skipif(not SHARED.exists(), reason="the records are not in a fresh clone")
def test_the_catalogue_agrees_with_every_record_of_its_symbols(mt5: ModuleType) -> None:
    assert mt5.initialize()
    records = json.loads((SHARED / "symbol_info.json").read_text())
    compared = 0
    for record in (entry["symbol_info"] for entry in records):
        if record.get("name") not in NAMES:
            continue
        shown = mt5.symbol_info(record["name"])._asdict()
        for field in UNIVERSAL & set(record):
            assert shown[field] == record[field], f"{field} of {record['name']}"
            compared += 1
    assert compared > 0


@pytest.mark.skipif(not SHARED.exists(), reason="the records are not in a fresh clone")
def test_a_lot_earns_what_real_statements_imply(mt5: ModuleType) -> None:
    assert mt5.initialize()
    implied = json.loads((SHARED / "implied_contracts_from_reports.json").read_text())
    same_contract = [
        entry
        for entry in implied
        if entry["symbol"] in {"EURUSD", "GBPUSD", "XAUUSD"} and entry["account_currency"] == "USD"
    ]

    assert same_contract
    for entry in same_contract:
        earned = mt5.order_calc_profit(0, entry["symbol"], 1.0, 100.0, 101.0)
        assert earned == entry["money_per_1_price_unit_per_lot_median"], entry["server"]
