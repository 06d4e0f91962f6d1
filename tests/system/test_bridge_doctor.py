"""What `countersign-bridge doctor` says: for each thing that is wrong, the one switch to flip."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import mt5_simulator
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.store import open_journal
from countersign_guards.latch import Latch, TradingState
from countersign_guards.state import GuardState
from countersign_guards.state_text import state_text
from tests.fixtures.bridge_world import command
from tests.fixtures.channel_server import ChannelServer
from tests.fixtures.served_terminal import ServedTerminal


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with ChannelServer() as serving:
        yield serving


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[ServedTerminal]:
    with ServedTerminal(tmp_path) as served:
        yield served


@pytest.fixture
def environment(server: ChannelServer, terminal: ServedTerminal) -> dict[str, str]:
    return {**server.environment(), **terminal.environment()}


def test_doctor_finds_nothing_wrong_with_a_bridge_in_order(
    environment: dict[str, str], tmp_path: Path
) -> None:
    said = command("doctor", environment=environment, state_dir=tmp_path / "state")
    assert said.returncode == 0, said.stdout
    assert "PROBLEM" not in said.stdout


FENCE = {"COUNTERSIGN_BRIDGE_FENCE_SYMBOLS": "EURUSD,GBPUSD"}
WRONG: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "off": ("fault", {"kind": "autotrading_off"}, "Algo Trading", "Algo Trading button"),
    "api": ("fault", {"kind": "api_disabled"}, "Python API", "untick 'Disable algorithmic"),
    "investor": ("fault", {"kind": "investor"}, "trading password", "only lets you watch"),
    "offline": ("fault", {"kind": "disconnected"}, "broker connection", "check the network"),
    "expert": ("terms", {"changes": {"trade_expert": False}}, "algorithmic", "ask the broker"),
    "busy": ("fault", {"kind": "no_answer", "call": "initialize"}, "terminal", "its dialogs"),
    "disabled": ("symbol", {"changes": {"trade_mode": 0}}, "symbol EURUSD", "fence_symbols"),
    "closing": ("symbol", {"changes": {"trade_mode": 3}}, "symbol EURUSD", "fence_symbols"),
    "renamed": ("symbol", {"changes": {"name": "EURUSD.r"}}, "symbol EURUSD", "spells it"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_doctor_names_the_switch_to_flip_and_no_other(
    wrong: str, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    verb, details, subject, remedy = WRONG[wrong]
    terminal.ask(verb, **({"symbol": "EURUSD"} if verb == "symbol" else {}), **details)

    said = command(
        "doctor", "--json", environment={**environment, **FENCE}, state_dir=tmp_path / "state"
    )

    assert said.returncode == 1
    (trouble,) = [finding for finding in json.loads(said.stdout) if not finding["well"]]
    assert trouble["subject"].startswith(subject)
    assert remedy in trouble["remedy"]


def test_doctor_guesses_how_the_broker_spells_a_symbol(
    terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    terminal.ask("symbol", symbol="EURUSD", changes={"name": "EURUSD.r"})
    mt5_simulator.initialize(f"sim:{terminal.address}")
    mt5_simulator.symbol_select("EURUSD.r")
    mt5_simulator.shutdown()

    said = command("doctor", environment={**environment, **FENCE}, state_dir=tmp_path / "state")

    assert "EURUSD.r, perhaps" in said.stdout


def test_doctor_names_the_account_to_log_in_to(
    server: ChannelServer, terminal: ServedTerminal, tmp_path: Path
) -> None:
    state, code = tmp_path / "state", "K7QXM-3TR9V"
    server.pairing_codes[code] = "csd_paired"
    address = {"COUNTERSIGN_BRIDGE_SERVER_ADDRESS": server.address}
    environment = {**terminal.environment(), **address}
    paired = command("pair", code, environment=environment, state_dir=state)
    assert paired.returncode == 0, paired.stderr
    terminal.ask("switch", login=1000002)

    said = command("doctor", "--json", environment=environment, state_dir=state)

    (trouble,) = [finding for finding in json.loads(said.stdout) if not finding["well"]]
    assert trouble["subject"] == "account"
    assert "log in to 1000001@Sim-Demo" in trouble["remedy"]


def test_doctor_shows_a_symbol_that_market_watch_hides(
    terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    fenced = {"COUNTERSIGN_BRIDGE_FENCE_SYMBOLS": "EURUSD"}
    mt5_simulator.initialize(f"sim:{terminal.address}")
    assert mt5_simulator.symbol_select("EURUSD", False)  # noqa: FBT003  # the package's signature
    assert mt5_simulator.symbol_info_tick("EURUSD") is None

    said = command("doctor", environment={**environment, **fenced}, state_dir=tmp_path / "state")

    assert (said.returncode, "symbol EURUSD: shown, with a price" in said.stdout) == (0, True)
    assert mt5_simulator.symbol_info_tick("EURUSD") is not None
    mt5_simulator.shutdown()


@pytest.mark.parametrize(
    ("change", "subject", "remedy"),
    [
        ({"COUNTERSIGN_BRIDGE_SERVER_ADDRESS": "127.0.0.1:1"}, "server", "SERVER_ADDRESS"),
        ({"COUNTERSIGN_BRIDGE_DEVICE_SECRET": "csd_wrong"}, "server", "pair this bridge again"),
        ({"COUNTERSIGN_BRIDGE_DEVICE_ID": ""}, "pairing", "countersign-bridge pair"),
        ({"COUNTERSIGN_BRIDGE_TERMINAL_PATH": ""}, "terminal", "start MetaTrader 5"),
    ],
)
def test_doctor_says_what_to_do_about_a_setting(
    change: dict[str, str],
    subject: str,
    remedy: str,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    said = command(
        "doctor", "--json", environment={**environment, **change}, state_dir=tmp_path / "state"
    )
    assert said.returncode == 1
    (finding,) = [f for f in json.loads(said.stdout) if f["subject"] == subject and not f["well"]]
    assert remedy in finding["remedy"]


def test_doctor_says_what_the_guard_holds_and_how_a_person_lifts_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    since = datetime(2026, 3, 4, 12, tzinfo=UTC)
    latch = Latch(TradingState.HALTED, cause="drawdown", by="guard", since=since)
    details = {"memory": state_text(GuardState(latch)), "account_id": ""}
    acted = {"did": "Flattened", "rule": "drawdown", "state": "halted"}
    journal = open_journal(tmp_path / "state", lambda: str(uuid4()))
    journal.append(
        [
            Record(RecordKind.GUARD, since, details=acted),
            Record(RecordKind.MEMORY, since, details=details),
        ]
    )
    journal.close()

    said = command("doctor", environment=environment, state_dir=tmp_path / "state")
    listed = command("journal", environment=environment, state_dir=tmp_path / "state")

    assert said.returncode == 1
    (wrong,) = [line for line in said.stdout.splitlines() if "PROBLEM" in line]
    assert "guard: halted by drawdown since 2026-03-04T12:00:00+00:00" in wrong
    assert "countersign guards reset" in wrong
    assert "the default" in said.stdout
    assert "did=Flattened rule=drawdown" in listed.stdout
