"""The simulator's wheel, installed where there is nothing else but what it says it needs."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
HERE = Path(sysconfig.get_path("purelib"))
NEEDED = ("numpy",)
# What pytest is made of, for a project that uses the plugin.
PYTEST = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
TRADES = """
import mt5_simulator as mt5

terminal = mt5.simulate()
mt5.attach(terminal)
assert mt5.initialize()
sent = mt5.order_send({"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1})
rates = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_H1, 0, 10)
print(sent.retcode, len(rates))
"""
TEST = """
import pytest


@pytest.mark.mt5_fault("reply_lost")
def test_a_lost_reply(mt5, mt5_terminal):
    import MetaTrader5

    assert MetaTrader5.initialize()
    assert MetaTrader5.order_send({"action": 1, "symbol": "EURUSD", "volume": 0.1}) is None
    assert len(mt5_terminal.account.deals) == 2
"""


def run(*command: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  # our own programs
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide an environment with the wheel, numpy, and nothing else; returns its folder."""
    folder = tmp_path_factory.mktemp("bare")
    made = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", folder, PROJECT / "simulator"),
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = folder.glob("mt5_simulator-*.whl")
    environment = folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", environment).returncode == 0
    lend(environment, NEEDED)
    installed = run(
        *(sys.executable, "-m", "pip", "--python", environment, "install", "--quiet"),
        *("--no-index", "--no-deps", wheel),
    )
    assert installed.returncode == 0, installed.stderr
    return environment


def lend(environment: Path, packages: Iterable[str]) -> None:
    """Let an environment have some of this one's packages, without an index to ask."""
    (site,) = environment.glob("lib/python*/site-packages")
    for package in packages:
        for found in (*HERE.glob(package), *HERE.glob(f"{package}.*"), *HERE.glob(f"{package}-*")):
            (site / found.name).symlink_to(found)


def test_the_wheel_needs_nothing_but_numpy(bare: Path) -> None:
    alone = run(bare / "bin/python", "-I", "-c", TRADES)
    checked = run(bare / "bin/python", "-I", "-m", "mt5_simulator.conformance")

    assert alone.stdout == "10009 10\n", alone.stderr
    assert checked.stdout.endswith(" 0 differences\n"), checked.stdout + checked.stderr


def test_the_wheel_brings_its_command(bare: Path) -> None:
    helped = run(bare / "bin/mt5-simulator", "--help")

    assert (helped.returncode, "serve" in helped.stdout) == (0, True), helped.stderr


def test_the_wheel_brings_its_pytest_plugin(bare: Path, tmp_path: Path) -> None:
    lend(bare, PYTEST)
    (tmp_path / "test_program.py").write_text(TEST)

    tested = run(bare / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)

    assert "1 passed" in tested.stdout, tested.stdout + tested.stderr
