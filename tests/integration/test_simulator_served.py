"""A served terminal: a process of its own whose broker outlives everyone who talks to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import mt5_simulator as mt5
from mt5_simulator.command.main import main
from mt5_simulator.served.address import Address
from mt5_simulator.served.client import ControlRefused, control
from tests.fixtures.serving_simulator import SERVE, serving, socket_in

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0, "magic": 7}
PATIENCE_SECONDS = 30.0


@pytest.fixture
def unix(tmp_path: Path) -> str:
    return socket_in(tmp_path)


@pytest.fixture(autouse=True)
def disconnected() -> Iterator[None]:
    yield
    mt5.shutdown()


def truth(address: Address) -> dict[str, Any]:
    return control(address, "truth", {})


def test_a_program_trades_over_a_local_port() -> None:
    with serving(listen="127.0.0.1:0") as (address, _):
        assert mt5.initialize(path=f"sim:{address}", login=1_000_001, password="simulated")  # noqa: S106  # make-believe
        result = mt5.order_send(BUY)
        assert result is not None
        assert result.retcode == 10009
        positions = mt5.positions_get()
        assert positions is not None
        assert [position.ticket for position in positions] == [result.order]
        assert [request["request"]["magic"] for request in truth(address)["received"]] == [7]


def test_the_environment_can_name_the_terminal(unix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(listen=unix) as (address, _):
        monkeypatch.setenv("MT5_SIMULATOR_ADDRESS", str(address))

        assert mt5.initialize("C:\\Program Files\\MetaTrader 5\\terminal64.exe")
        assert mt5.account_info() is not None


def test_what_a_killed_program_sent_stays_done(unix: str) -> None:
    program = f"""
import os, signal, mt5_simulator as mt5
assert mt5.initialize(path="sim:{unix}")
assert mt5.order_send({BUY!r}).retcode == 10009
os.kill(os.getpid(), signal.SIGKILL)
"""
    with serving(listen=unix) as (address, _):
        killed = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603  # this test's own program

        assert killed.returncode == -signal.SIGKILL
        (position,) = truth(address)["accounts"]["1000001"]["positions"].values()
        assert position["magic"] == 7


def test_a_program_killed_while_its_call_hangs_leaves_its_order_done(unix: str) -> None:
    program = f"""
import mt5_simulator as mt5
assert mt5.initialize(path="sim:{unix}")
mt5.order_send({BUY!r})
"""
    with serving(listen=unix) as (address, _):
        control(address, "fault", {"kind": "hang"})
        with subprocess.Popen([sys.executable, "-c", program]) as process:  # noqa: S603  # as above
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not truth(address)["received"] and time.monotonic() < deadline:
                assert process.poll() is None
            process.kill()

        assert len(truth(address)["accounts"]["1000001"]["positions"]) == 1


def test_a_killed_broker_remembers_everything_it_answered(unix: str, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "books.json"))
    with serving(*state, listen=unix) as (address, process):
        assert mt5.initialize(path=f"sim:{unix}")
        control(address, "terms", {"changes": {"leverage": 30}})
        assert mt5.order_send({**BUY, "sl": 1.08}) is not None
        pending = {**BUY, "action": 5, "type": 2, "price": 1.08, "type_filling": 2}
        assert mt5.order_send(pending) is not None
        control(address, "fault", {"kind": "doubtful", "executes": "later", "seconds": 3600.0})
        assert mt5.order_send({**BUY, "symbol": "XAUUSD", "volume": 0.01}) is not None
        # Looking at the truth saves nothing: what is on disk is what the answers above waited for.
        before = truth(address)
        process.send_signal(signal.SIGKILL)
        process.wait()

    with serving(*state, listen=unix) as (address, _):
        after = truth(address)

    assert {**after, "now": None} == {**before, "now": None}
    assert len(after["put_off"]) == 1
    assert after["accounts"]["1000001"]["terms"]["leverage"] == 30
    assert len(after["accounts"]["1000001"]["deals"]) == 2


@pytest.mark.parametrize("holds", ["", "1"])
def test_a_waiting_call_can_stop_every_thread_as_the_real_one_does(unix: str, holds: str) -> None:
    program = f"""
import threading, mt5_simulator as mt5
assert mt5.initialize(path="sim:{unix}")
ticks, done = [], threading.Event()
def tick():
    while not done.wait(0.01):
        ticks.append(1)
thread = threading.Thread(target=tick)
thread.start()
before = len(ticks)
mt5.order_send({BUY!r})
during = len(ticks) - before
done.set()
print(during)
"""
    with serving(listen=unix) as (address, _):
        control(address, "fault", {"kind": "hang", "seconds": 0.7})
        run = subprocess.run(  # noqa: S603  # this test's own program
            [sys.executable, "-c", program],
            env={**os.environ, "MT5_SIMULATOR_HOLDS_INTERPRETER": holds},
            capture_output=True,
            text=True,
            check=True,
        )

    # Seventy ticks would fit. A busy machine may let a few in before the call, and miss many.
    assert int(run.stdout) < 5 if holds else int(run.stdout) >= 5


def test_threads_of_one_program_each_get_their_own_answer(unix: str) -> None:
    def ask_for(symbol: str) -> set[str]:
        answers = (mt5.symbol_info(symbol) for _ in range(100))
        return {answer.name for answer in answers if answer is not None}

    symbols = ["EURUSD", "GBPUSD", "USDJPY", "XAUUSD"]
    interval = sys.getswitchinterval()
    with serving(listen=unix), ThreadPoolExecutor(4) as executor:
        assert mt5.initialize(path=f"sim:{unix}")
        # Threads that change places this often find any gap between a question and its answer.
        sys.setswitchinterval(1e-6)
        try:
            answers = list(executor.map(ask_for, symbols))
        finally:
            sys.setswitchinterval(interval)

    assert answers == [{symbol} for symbol in symbols]


def test_recorded_bars_can_be_served(unix: str, tmp_path: Path) -> None:
    csv = tmp_path / "bars.csv"
    csv.write_text(
        "time,open,high,low,close,tick_volume,spread\n"
        "2025-12-01 10:00:00,1.1,1.3,1.0,1.2,4,10\n"
        "2025-12-01 10:01:00,1.2,1.4,0.9,1.1,4,10\n"
    )
    options = ("--clock", "virtual", "--bars", f"EURUSD={csv}", "--prices", "walk")
    with serving(*options, listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        control(address, "advance", {"seconds": 61.0})
        tick = mt5.symbol_info_tick("EURUSD")
        assert tick is not None
        assert (tick.bid, tick.time) == (1.2, 1764583260)


SILVER = {
    "name": "XAGUSD.r",
    "currency_base": "XAG",
    "currency_profit": "USD",
    "currency_margin": "USD",
    "digits": 3,
    "bid": 31.25,
    "spread": 30,
    "trade_contract_size": 5000.0,
    "trade_calc_mode": 4,
    "trade_mode": 4,
    "trade_exemode": 2,
    "filling_mode": 3,
    "order_mode": 127,
    "volume_min": 0.01,
    "volume_max": 50.0,
    "volume_step": 0.01,
}


def test_a_broker_s_own_symbols_can_be_served(unix: str, tmp_path: Path) -> None:
    file = tmp_path / "symbols.json"
    file.write_text(json.dumps([SILVER]))
    with serving("--symbols", str(file), listen=unix):
        assert mt5.initialize(path=f"sim:{unix}")
        sent = mt5.order_send({**BUY, "symbol": "XAGUSD.r"})
        assert sent is not None
        assert (sent.retcode, sent.price) == (10009, 31.28)
        assert mt5.order_calc_profit(0, "XAGUSD.r", 0.1, 31.25, 31.35) == 50.0
        assert mt5.symbols_total() == 7


@pytest.mark.parametrize("text", ["{}x", '[{"name": "X"}]', "[1]", '{"name": "X"}'])
def test_a_file_that_is_no_list_of_symbols_stops_the_start(
    unix: str, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "symbols.json"
    file.write_text(text)

    assert main(["serve", "--listen", unix, "--symbols", str(file)]) == 1

    said = capsys.readouterr().err
    assert (len(said.splitlines()), "no list of symbols" in said) == (1, True), said


def test_recorded_ticks_can_be_served(unix: str, tmp_path: Path) -> None:
    file = tmp_path / "ticks.csv"
    file.write_text("time,bid,ask\n2025-12-01 10:00:00,1.1,1.2\n2025-12-01 10:00:05,1.3,1.4\n")
    options = ("--clock", "virtual", "--ticks", f"EURUSD={file}")
    with serving(*options, listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        seen: list[float] = []
        for _ in range(2):
            control(address, "advance", {"seconds": 4.0})
            tick = mt5.symbol_info_tick("EURUSD")
            assert tick is not None
            seen.append(tick.bid)
    assert seen == [1.1, 1.3]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--bars", "EURUSD=x.csv"], "--clock virtual"),
        (["--clock", "virtual", "--bars", "NOSUCH=x.csv"], "no symbol NOSUCH"),
        (["--clock", "virtual", "--bars", "EURUSD=x", "--ticks", "EURUSD=y"], "exclude each other"),
        (["--clock", "virtual", "--ticks", "EURUSD=missing.csv"], "missing.csv"),
        (["--currency", "CHF"], "add one, such as CHFUSD"),
    ],
)
def test_what_cannot_be_played_or_converted_stops_the_start(
    unix: str, options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--listen", unix, *options]) == 1

    said = capsys.readouterr().err
    assert (len(said.splitlines()), reason in said) == (1, True), said


def test_a_killed_broker_remembers_what_was_done_to_it(unix: str, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "books.json"))
    with serving(*state, listen=unix) as (address, process):
        control(address, "symbol", {"symbol": "EURUSD", "changes": {"name": "EURUSD.r"}})
        process.send_signal(signal.SIGKILL)
        process.wait()

    with serving(*state, listen=unix) as (address, _):
        assert "EURUSD.r" in truth(address)["quotes"]


def test_a_broker_that_dies_leaves_a_broken_pipe(unix: str) -> None:
    with serving(listen=unix) as (_, process):
        assert mt5.initialize(path=f"sim:{unix}")
        process.kill()
        process.wait()

        assert mt5.positions_get() is None
        assert mt5.last_error()[0] in {-10002, -10001}
        assert mt5.order_send(BUY) is None
        assert mt5.last_error()[0] == -10001
    assert not mt5.initialize(path=f"sim:{unix}")
    assert mt5.last_error()[0] == -10003


def test_two_programs_share_one_terminal(unix: str) -> None:
    program = f"""
import mt5_simulator as mt5
assert mt5.initialize(path="sim:{unix}")
print(mt5.positions_total())
"""
    with serving(listen=unix):
        assert mt5.initialize(path=f"sim:{unix}")
        mt5.order_send(BUY)
        other = subprocess.run(  # noqa: S603  # this test's own program
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )

    assert other.stdout == "1\n"


def test_an_unreadable_state_stops_the_start(tmp_path: Path) -> None:
    state = tmp_path / "books.json"
    state.write_text("{}")

    run = subprocess.run(  # noqa: S603  # this test's own program
        [*SERVE, "--listen", "127.0.0.1:0", "--state", str(state)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "does not hold a broker's books" in run.stderr


def test_the_command_shows_and_changes_a_served_terminal(
    unix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> str:
        assert main([*arguments, "--at", str(address)]) == 0
        return capsys.readouterr().out

    with serving("--account", "5", "--account", "6", listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        mt5.order_send({**BUY, "comment": "mine"})

        assert "10000.00" in said("accounts")
        assert "EURUSD  buy" in said("positions")
        assert "mine" in said("deals")
        books = json.loads(said("positions", "--json"))
        assert (books["view"], [held["symbol"] for held in books["positions"]]) == (
            "broker",
            ["EURUSD"],
        )
        assert json.loads(said("price", "EURUSD", "1.2", "1.3", "--json"))["bid"] == "1.20000"
        assert json.loads(said("truth", "--json"))["accounts"]["6"]["balance"] == "10000.00"
        assert json.loads(said("fault", "reject", "--count", "0"))[0]["kind"] == "reject"
        said("clear", "reject")
        assert json.loads(said("faults")) == []
        said("switch", "6")
        account = mt5.account_info()
        assert account is not None
        assert account.login == 6
        assert main(["close", "--at", str(address), "1"]) == 1
        assert "there is no" in capsys.readouterr().err


def test_the_command_shows_the_orders_that_wait(
    unix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        mt5.order_send({**BUY, "action": 5, "type": 2, "price": 1.0, "type_filling": 2})

        assert main(["orders", "--at", str(address)]) == 0

    assert (
        "EURUSD  buy limit  0.1             1.0    0.00000  0.00000  -" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (["price", "EURUSD", "abc", "1.1"], "bid must be a number, not 'abc'"),
        (["transfer", "much"], "amount must be a number, not 'much'"),
        (["close", "first"], "ticket must be a number, not 'first'"),
        (["reopen", "1.5"], "ticket must be a whole number, not 1.5"),
        (["switch", "me"], "login must be a number, not 'me'"),
        (["weather", "bad"], "seed must be a number, not 'bad'"),
        (["restart", "soon"], "seconds must be a number, not 'soon'"),
        (["rehearse", "disaster"], "name must be one of reply-lost"),
    ],
)
def test_a_mistaken_command_says_what_it_needs(
    unix: str, capsys: pytest.CaptureFixture[str], command: list[str], advice: str
) -> None:
    with serving(listen=unix) as (address, _):
        assert main([*command, "--at", str(address)]) == 1

    assert advice in capsys.readouterr().err


def test_the_environment_names_the_terminal_a_command_asks(
    unix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("--account", "5", listen=unix) as (address, _):
        monkeypatch.setenv("MT5_SIMULATOR_ADDRESS", str(address))

        assert main(["accounts", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["accounts"][0]["login"] == 5


def test_a_virtual_clock_moves_only_when_told(unix: str) -> None:
    with serving("--clock", "virtual", listen=unix) as (address, _):
        before = truth(address)["now"]
        assert truth(address)["now"] == before

        after = control(address, "advance", {"seconds": 60.0})

        assert after > before
        assert truth(address)["now"] == after


def test_a_wall_clock_cannot_be_moved(unix: str) -> None:
    with serving(listen=unix) as (address, _), pytest.raises(ControlRefused, match="virtual"):
        control(address, "advance", {"seconds": 60.0})


def test_nobody_at_the_address_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["truth", "--at", f"unix:{tmp_path / 'nobody'}"]) == 1
    assert "mt5-simulator: nobody serves a terminal at unix:" in capsys.readouterr().err
