"""A command that is not understood is told in one line, with what to do, by every program alike."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from countersign_bridge.cli import main as bridge
from countersign_client.cli import main as client
from countersign_server.cli import main as server
from mt5_simulator.command.main import main as simulator

Command = Callable[[Sequence[str]], object]


def complaint(capsys: pytest.CaptureFixture[str], command: Command, words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        command(words.split())
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    return told.err


@pytest.mark.parametrize(
    ("command", "words", "named", "advice"),
    [
        (client, "submit --no-such", "--no-such", "'countersign submit --help'"),
        (client, "nonsense", "'nonsense'", "'countersign --help'"),
        (client, "chart prices EURUSD", "'--output'", "'countersign chart prices --help'"),
        (client, "device revoke", "'device_id'", "'countersign device revoke --help'"),
        (client, "stats --by year", "'--by': 'year' is not one of", "'countersign stats --help'"),
        (server, "serve --no-such", "--no-such", "'countersign-server serve --help'"),
        (server, "create-operator", "'email'", "'countersign-server create-operator --help'"),
        (server, "nonsense", "'nonsense'", "'countersign-server --help'"),
        (bridge, "pair", "'code'", "'countersign-bridge pair --help'"),
        (bridge, "run --no-such", "--no-such", "'countersign-bridge run --help'"),
        (bridge, "nonsense", "'nonsense'", "'countersign-bridge --help'"),
        (simulator, "serve", "--listen", "'mt5-simulator serve --help'"),
        (simulator, "nonsense", "'nonsense'", "'mt5-simulator --help'"),
    ],
)
def test_what_was_not_understood_is_one_line_that_names_it_and_says_where_to_look(
    capsys: pytest.CaptureFixture[str], command: Command, words: str, named: str, advice: str
) -> None:
    told = complaint(capsys, command, words)
    assert told.count("\n") == 1
    assert named in told
    assert advice in told


def test_a_question_that_nobody_answers_ends_in_one_line_and_nothing_is_done(
    tmp_path: Path,
) -> None:
    ended = subprocess.run(  # our own command
        [sys.executable, "-m", "countersign_server", "create-operator", "op@example.com"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COUNTERSIGN_DATA_DIR": str(tmp_path)},
        # Nobody is at this terminal, whoever runs the tests.
        start_new_session=True,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith("countersign-server: nothing was done")
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [client, server, bridge])
def test_a_program_that_is_asked_for_nothing_tells_what_can_be_asked_for(
    capsys: pytest.CaptureFixture[str], command: Command
) -> None:
    told = complaint(capsys, command, "")
    assert told.startswith("Usage: countersign")
    assert "Commands:" in told
