"""The simulator as a pytest plugin, as another project uses it."""

import subprocess
import sys
from pathlib import Path

import pytest

import mt5_simulator

PROGRAM = """
import MetaTrader5 as mt5


def buy():
    assert mt5.initialize("C:/terminal64.exe")
    return mt5.order_send(
        {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}
    )
"""

CONFTEST = """
import mt5_simulator

mt5_simulator.stand_in()
"""

TESTS = """
from datetime import UTC, datetime

import pytest

from program import buy


def test_it_buys(mt5, mt5_terminal):
    assert buy().retcode == 10009
    assert len(mt5_terminal.account.positions) == 1


@pytest.mark.mt5_fault("reply_lost")
@pytest.mark.mt5_fault("reject", retcode=10021)
def test_faults_strike_in_the_order_they_are_written(mt5):
    assert buy() is None
    assert buy().retcode == 10021
    assert buy().retcode == 10009


@pytest.mark.mt5(deposit=50)
class TestPoor:
    def test_a_mark_sets_the_account_up(self, mt5):
        assert buy().retcode == 10019

    @pytest.mark.mt5(currency="EUR", margin_mode="netting")
    def test_marks_add_up(self, mt5):
        mt5.initialize()
        account = mt5.account_info()
        assert (account.balance, account.currency, account.margin_mode) == (50.0, "EUR", 0)


@pytest.mark.mt5_weather(seed=1, chances={"send_failed": 1.0})
def test_weather(mt5):
    assert buy() is None


@pytest.mark.mt5(margin_mode=0, deposit="500.50", commission_per_lot=3.5)
def test_numbers_are_taken_as_they_are_written(mt5, mt5_terminal):
    mt5.initialize()
    mt5_terminal.broker.set_price("EURUSD", 1.1, 1.2)
    assert (mt5.account_info().margin_mode, mt5.account_info().balance) == (0, 500.5)
    assert buy().price == 1.2
    assert mt5.positions_get(symbol="NOSUCH", ticket="x") is None
    assert mt5.last_error()[0] != 0


@pytest.mark.mt5(start=datetime(2026, 3, 7, tzinfo=UTC))
class TestSaturday:
    def test_a_market_keeps_its_hours(self, mt5, mt5_terminal):
        assert mt5_terminal.clock.now() == datetime(2026, 3, 7, tzinfo=UTC)
        assert buy().retcode == 10018

    @pytest.mark.mt5(always_open=True)
    def test_a_market_may_never_close(self, mt5):
        assert buy().retcode == 10009


def test_an_error_does_not_outlive_its_test(mt5):
    assert mt5.last_error() == (0, "")


def test_nothing_is_left_behind():
    import MetaTrader5 as mt5

    assert not mt5.initialize()
"""

MISTAKES = """
import pytest

import mt5_simulator


@pytest.mark.mt5(500)
def test_a(mt5): ...


@pytest.mark.mt5(depositt=500)
def test_b(mt5): ...


@pytest.mark.mt5(margin_mode="hedged")
def test_c(mt5): ...


@pytest.mark.mt5_fault("gremlins")
def test_d(mt5): ...


@pytest.mark.mt5_fault("reject", retcod=10004)
def test_e(mt5): ...


@pytest.mark.mt5(deposit=-1)
def test_f(mt5): ...


@pytest.mark.mt5(start="2026-03-07")
def test_g(mt5): ...
"""


def test_a_project_tests_its_program_against_the_simulator(tmp_path: Path) -> None:
    for name, text in (("program", PROGRAM), ("conftest", CONFTEST), ("test_program", TESTS)):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")

    run = subprocess.run(  # this test's own program
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "10 passed" in run.stdout, run.stdout


def test_a_mark_that_means_nothing_fails_its_test_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "test_mistakes.py").write_text(MISTAKES)

    run = subprocess.run(  # this test's own program
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "7 errors" in run.stdout, run.stdout
    for said in (
        "@pytest.mark.mt5 takes names only, such as mt5(deposit=500), not 500",
        "@pytest.mark.mt5 takes no depositt, but always_open, commission_per_lot",
        "margin_mode must be one of netting, exchange, hedging, not 'hedged'",
        "kind must be one of send_failed",
        "@pytest.mark.mt5_fault takes no retcod, but call, count",
        "deposit must not be negative",
        "start must be a datetime with a time zone, not '2026-03-07'",
    ):
        assert said in run.stdout, said


def test_importing_the_module_loads_neither_numpy_nor_a_broker() -> None:
    program = """
import sys, mt5_simulator.pytest_plugin
heavy = {"numpy", "mt5_simulator.broker", "mt5_simulator.face.exporting"} & set(sys.modules)
sys.exit(f"loaded {heavy}" if heavy else 0)
"""
    run = subprocess.run(  # noqa: S603  # this test's own program
        [sys.executable, "-c", program], capture_output=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_a_program_without_a_terminal_is_told_once_how_to_get_one() -> None:
    program = "import mt5_simulator as mt5; print([mt5.initialize() for _ in range(3)])"
    run = subprocess.run(  # noqa: S603  # this test's own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert run.stdout == "[False, False, False]\n"
    assert run.stderr.count("mt5_simulator.attach(mt5_simulator.simulate())") == 1


def test_the_simulator_does_not_stand_in_for_a_package_already_imported() -> None:
    program = """
import sys, types
sys.modules["MetaTrader5"] = types.ModuleType("MetaTrader5")
import mt5_simulator
mt5_simulator.stand_in()
"""
    run = subprocess.run(  # noqa: S603  # this test's own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert "MetaTrader5 is imported already" in run.stderr


def test_the_simulator_needs_nothing_of_countersign() -> None:
    program = """
import sys, mt5_simulator
for name in dir(mt5_simulator):
    getattr(mt5_simulator, name)
import mt5_simulator.command.main, mt5_simulator.testing.marks, mt5_simulator.served.server
sys.exit(any(name.startswith("countersign") for name in sys.modules))
"""
    run = subprocess.run(  # noqa: S603  # this test's own program
        [sys.executable, "-c", program], capture_output=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_every_exported_name_exists() -> None:
    exported = dir(mt5_simulator)
    assert len(exported) > 270
    assert all(hasattr(mt5_simulator, name) for name in exported)
    with pytest.raises(AttributeError, match="order_teleport"):
        _ = mt5_simulator.order_teleport  # pyright: ignore[reportAttributeAccessIssue]  # it must not exist
