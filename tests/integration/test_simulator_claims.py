"""Two servers never share a state file, a socket or a port."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import mt5_simulator as mt5
from mt5_simulator.command.main import main
from mt5_simulator.served.client import control
from tests.fixtures.serving_simulator import serving, socket_in

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0, "magic": 7}


@pytest.fixture(autouse=True)
def disconnected() -> Iterator[None]:
    yield
    mt5.shutdown()


def refusal(*options: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line with which a server refuses to start."""
    assert main(["serve", *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_books_in_use_are_refused_and_stay_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, unix = tmp_path / "books.json", socket_in(tmp_path)
    with serving("--state", str(state), listen=unix):
        assert mt5.initialize(path=f"sim:{unix}")
        assert mt5.order_send(BUY) is not None
        before = state.read_bytes()

        said = refusal("--listen", "127.0.0.1:0", "--state", str(state), capsys=capsys)

        assert f"{state} is in use by another mt5-simulator: end it, or name another" in said
        assert state.read_bytes() == before


def test_a_socket_in_use_is_refused_and_still_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unix = socket_in(tmp_path)
    with serving(listen=unix) as (address, _):
        assert "in use by another mt5-simulator" in refusal("--listen", unix, capsys=capsys)

        assert control(address, "faults", {}) == []


def test_a_port_in_use_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        said = refusal("--listen", f"127.0.0.1:{port}", capsys=capsys)

    assert f"127.0.0.1:{port} cannot be listened on" in said
    assert "name another address" in said


def test_a_file_that_is_no_socket_is_not_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter"
    letter.write_text("dear diary")

    said = refusal("--listen", f"unix:{os.path.relpath(letter)}", capsys=capsys)

    assert "names a file that is no socket" in said
    assert letter.read_text() == "dear diary"


def test_what_a_killed_server_claimed_is_free_at_once(tmp_path: Path) -> None:
    unix, state = socket_in(tmp_path), ("--state", str(tmp_path / "books.json"))
    with serving(*state, listen=unix) as (_, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    with serving(*state, listen=unix) as (address, _):
        assert control(address, "faults", {}) == []
