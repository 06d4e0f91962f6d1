"""What a served terminal makes of messages that are none, of calls that hang, and what it tells."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mt5_simulator as mt5
from mt5_simulator.command.main import main
from mt5_simulator.served.client import ControlRefused, SocketLink, connected, control
from tests.fixtures.serving_simulator import serving, socket_in

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0, "magic": 7}
PATIENCE_SECONDS = 30.0
MESSAGES: list[object] = [
    [],
    {},
    {"call": "explode"},
    {"call": "order_send", "details": {}},
    {"call": "positions_total", "details": []},
    {"call": "order_send", "details": {"volume": "much"}},
    {"call": "symbols_get", "details": {"group": 5}},
    {"call": "copy_rates_from", "details": {"symbol": "EURUSD", "from": "yesterday"}},
    {"call": ["positions_get"]},
    {"control": []},
    {"control": "price", "details": None},
    {"control": "price", "details": {"symbol": ["EURUSD"]}},
    {"control": "advance", "details": {"seconds": 1e300}},
    {"control": "advance", "details": {"seconds": -1}},
    {"control": "advance", "details": {"seconds": 1e9}},
    {"control": "fault", "details": {"kind": None}},
    {"control": "fault", "details": {"kind": "partial", "text": "NaN@0"}},
    {"control": "fault", "details": {"kind": "hang", "seconds": "NaN"}},
    {"control": "liquidity", "details": {"symbol": "EURUSD", "levels": "1@-5"}},
    {"control": "restart", "details": {"history_empty_for": 1e300}},
    {"control": "books", "details": {"view": "nobody"}},
    {"control": "symbol", "details": {"symbol": "EURUSD", "changes": 7}},
]
LINES = [
    *(json.dumps(message).encode() for message in MESSAGES),
    b"not json",
    b"\xff\xfe",
    b"[" * 100_000,
    b"9" * 10_000,
]


@pytest.fixture
def unix(tmp_path: Path) -> str:
    return socket_in(tmp_path)


@pytest.fixture(autouse=True)
def disconnected() -> Iterator[None]:
    yield
    mt5.shutdown()


def test_nonsense_is_answered_and_the_connection_stays(unix: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        log.open("w") as errors,
        serving("--clock", "virtual", listen=unix, errors=errors) as (address, _),
        connected(address) as stranger,
        stranger.makefile("rwb") as stream,
    ):
        for line in LINES:
            stream.write(line + b"\n")
            stream.flush()
            assert "refused" in json.loads(stream.readline()), line
        stream.write(b'{"call": "positions_total", "details": {}}\n')
        stream.flush()
        assert json.loads(stream.readline())["value"] == 0

    assert log.read_text() == ""  # and no thread died of it


def test_a_refused_call_is_a_failed_one_for_the_program(unix: str) -> None:
    with serving(listen=unix) as (address, _), connected(address) as connection:
        reply = SocketLink(connection).ask("order_send", {"volume": "much"})

        assert (reply.value, reply.error[0]) == (None, -1)
        assert "order_send cannot be asked" in reply.error[1]


HANGING = """
import mt5_simulator as mt5
assert mt5.initialize(path="sim:{unix}")
print(mt5.positions_get(), mt5.last_error()[0])
"""


def test_a_hang_of_virtual_seconds_lasts_until_the_clock_is_moved_so_far(unix: str) -> None:
    options = ("--clock", "virtual", "--account", "5", "--account", "6")
    with serving(*options, listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        mt5.order_send(BUY)
        control(address, "fault", {"kind": "hang", "seconds": 30.0, "call": "positions_get"})
        with subprocess.Popen(  # noqa: S603  # this test's own program
            [sys.executable, "-c", HANGING.format(unix=unix)], stdout=subprocess.PIPE, text=True
        ) as program:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while control(address, "faults", {}):  # until it has struck
                assert time.monotonic() < deadline
            control(address, "switch", {"login": 6})  # flat, which is not what was asked about
            control(address, "advance", {"seconds": 29.0})
            assert program.poll() is None
            control(address, "advance", {"seconds": 1.0})
            said, _ = program.communicate()

    assert said == "None -10002\n"


def test_the_command_shows_both_what_is_true_and_what_the_terminal_sees(
    unix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(command: str, view: str) -> Any:
        assert main([command, "--at", str(address), "--view", view, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    with serving("--account", "5", "--account", "6", listen=unix) as (address, _):
        assert mt5.initialize(path=f"sim:{unix}")
        control(address, "fault", {"kind": "deal_hidden", "seconds": 3600.0})
        mt5.order_send(BUY)

        for command, true, seen in (("positions", 1, 0), ("deals", 3, 1), ("accounts", 2, 1)):
            shown = {view: told(command, view) for view in ("broker", "terminal")}
            assert {view: books["view"] for view, books in shown.items()} == {
                "broker": "broker",
                "terminal": "terminal",
            }
            assert len(shown["broker"][command]) == true
            assert len(shown["terminal"][command]) == seen


BARS = "time,open,high,low,close,tick_volume,spread\n" + "".join(
    f"2025-12-01 10:{minute:02}:00,1.1,1.1,1.1,1.1,4,10\n" for minute in range(10)
)


def test_the_server_says_what_it_plays_how_far_it_is_and_when_it_is_done(
    tmp_path: Path, unix: str
) -> None:
    csv, log = tmp_path / "bars.csv", tmp_path / "log"
    csv.write_text(BARS)
    options = ("--progress", "--clock", "virtual", "--bars", f"EURUSD={csv}")
    with log.open("w") as errors, serving(*options, listen=unix, errors=errors) as (address, run):
        assert mt5.initialize(path=f"sim:{unix}")
        mt5.order_send(BUY)
        mt5.order_send({**BUY, "volume": 0.001})
        control(address, "advance", {"seconds": 301.0})
        control(address, "advance", {"seconds": 300.0})
        run.terminate()
        run.wait()

    said = log.read_text().splitlines()
    assert said[0] == f"reads EURUSD={csv}"
    assert said[1] == "plays 10 bars of EURUSD from 2025-12-01 08:00 to 2025-12-01 08:10 (UTC)"
    assert "DEAL  EURUSD  0.1  magic 7  -> 10009 Request executed" in said[2]
    assert "-> 10014 Invalid volume" in said[3]
    assert "50% of the recording played, to 2025-12-01 08:05:00 UTC" in said[4]
    assert said[5].endswith("100% of the recording played, to 2025-12-01 08:10:00 UTC; "
                            "the recording is over and prices stand still")  # fmt: skip
    assert said[6].startswith("stopped: 2 requests in ")


def test_a_view_that_nobody_has_is_refused(unix: str) -> None:
    with serving(listen=unix) as (address, _), pytest.raises(ControlRefused, match="view must be"):
        control(address, "books", {"view": "mine"})
