"""The bridge under Windows Python, beside a server and a simulated terminal on this system."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from countersign.v1 import execution_pb2
from countersign_bridge.crash_points import EXIT_CODE, CrashPoint
from tests.fixtures.bridge_world import a_text
from tests.fixtures.channel_server import ChannelServer
from tests.fixtures.served_terminal import ServedTerminal
from tests.windows.windows_bridge import (
    EXIT_PATIENCE_S,
    PATIENCE_S,
    WindowsBridge,
    command,
    processes_of,
    wait,
)
from tests.windows.windows_python import (
    PROGRAM,
    PROJECT,
    python_command,
    run_python,
    run_wine,
    windows_path,
    wine_environment,
)

EXECUTED = execution_pb2.ATTEMPT_OUTCOME_EXECUTED
LOTS = Decimal("0.1")
# As the task scheduler starts it: nothing to read from, nothing to write to.
AS_A_TASK = """
import subprocess, sys
command = ["-m", "countersign_bridge", "--config", sys.argv[1], "run"]
pythonw = sys.executable.replace("python.exe", "pythonw.exe")
sys.exit(subprocess.call([pythonw, *command], creationflags=subprocess.DETACHED_PROCESS))
"""
WITHOUT_TERMINAL = {"COUNTERSIGN_BRIDGE_TERMINAL_MODULE": "MetaTrader5"}


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with ChannelServer() as serving:
        # Wine is slow, and its slowness is not what these tests are about.
        serving.policy.heartbeat_timeout = timedelta(seconds=30)
        serving.policy.grant_valid_ms = 30_000
        yield serving


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[ServedTerminal]:
    with ServedTerminal(tmp_path) as served:
        yield served


@pytest.fixture
def environment(server: ChannelServer, terminal: ServedTerminal) -> dict[str, str]:
    return {**server.environment(), **terminal.environment()}


def offered(server: ChannelServer) -> tuple[tuple[str, int], int]:
    """Offer 0.1 lots as soon as the bridge is there, and return the attempt and its magic."""
    server.wait(lambda: server.is_connected, PATIENCE_S)
    key = server.offer(a_text())
    return key, server.standings[key].offer.magic


def test_an_approved_signal_trades_once_is_journaled_and_the_bridge_ends_in_good_order(
    server: ChannelServer, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with WindowsBridge(state, environment) as bridge:
        key, magic = offered(server)
        server.wait(lambda: server.result_of(key), PATIENCE_S)
        server.wait(lambda: any(d.magic == magic for d in server.bodies("deal")), PATIENCE_S)
        listed = command("journal", "--json", environment=environment, state_dir=state)
        turned_away = command("run", environment=environment, state_dir=state)
        code = bridge.stop()

    result = server.result_of(key)
    assert result is not None
    assert (result.outcome, len(terminal.received(magic))) == (EXECUTED, 1)
    kinds = [json.loads(line)["kind"] for line in listed.stdout.splitlines()]
    steps = [kind for kind in kinds if kind in {"RECEIVED", "INTENT", "RESULT"}]
    assert steps == ["RECEIVED", "INTENT", "RESULT"]
    assert (turned_away.returncode, "another bridge runs" in turned_away.stderr) == (1, True)
    assert code == 0, bridge.said
    assert server.frames[-1].WhichOneof("frame") == "goodbye"
    assert bridge.terminal_processes() == []


def test_a_terminal_that_hangs_is_given_up_and_what_it_did_is_found_out(
    server: ChannelServer, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    impatient = {"COUNTERSIGN_BRIDGE_TERMINAL_CALL_TIMEOUT": "5"}
    with WindowsBridge(tmp_path / "state", environment, impatient) as bridge:
        server.wait(lambda: server.is_connected, PATIENCE_S)
        (before,) = bridge.terminal_processes()
        terminal.ask("fault", kind="hang", seconds=0, executes="now")
        key, magic = offered(server)
        server.wait(lambda: _executed(server, key), PATIENCE_S)
        (after,) = bridge.terminal_processes()

    assert before != after
    assert "no answer within 5 s" in bridge.said
    assert (len(terminal.received(magic)), terminal.opened_volume(magic)) == (1, LOTS)


def test_a_terminal_process_that_dies_is_started_again(
    server: ChannelServer, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    with WindowsBridge(tmp_path / "state", environment) as bridge:
        server.wait(lambda: server.is_connected, PATIENCE_S)
        (before,) = bridge.terminal_processes()
        os.kill(before, signal.SIGKILL)
        wait(lambda: bridge.terminal_processes() not in ([], [before]), "another process")
        wait(lambda: "terminal process lost" in bridge.said, "the loss is logged")
        key, magic = _offered_until_taken(server)
        server.wait(lambda: _executed(server, key), PATIENCE_S)

    assert len(terminal.received(magic)) == 1


def test_nothing_outlives_a_bridge_that_is_killed_and_the_next_one_has_its_journal(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    with WindowsBridge(tmp_path / "state", environment) as bridge:
        server.wait(lambda: server.is_connected, PATIENCE_S)
        assert len(bridge.terminal_processes()) == 1
        bridge.kill()
        wait(lambda: bridge.terminal_processes() == [], "the terminal process ends by itself")
    with WindowsBridge(tmp_path / "state", environment):
        server.wait(lambda: len(server.hellos) == 2, PATIENCE_S)

    first, second = server.hellos
    assert first.journal_id == second.journal_id
    assert first.instance_id != second.instance_id


@pytest.mark.parametrize("point", [CrashPoint.DURING_SEND, CrashPoint.BEFORE_RESULT])
def test_after_a_crash_around_the_send_there_is_one_order_at_most_and_the_truth_is_told(
    point: CrashPoint,
    server: ChannelServer,
    terminal: ServedTerminal,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    with WindowsBridge(tmp_path / "state", environment, crash_at=point) as bridge:
        key, magic = offered(server)
        assert bridge.ended() == EXIT_CODE
    with WindowsBridge(tmp_path / "state", environment):
        server.wait(lambda: _told(server, terminal, key, magic), PATIENCE_S)

    assert len(terminal.received(magic)) <= 1
    assert terminal.opened_volume(magic) in (0, LOTS)


def test_a_bridge_pairs_itself_and_its_log_is_rotated(
    server: ChannelServer, terminal: ServedTerminal, tmp_path: Path
) -> None:
    state, code = tmp_path / "state", "K7QXM-3TR9V"
    server.pairing_codes[code] = "csd_paired"
    log = tmp_path / "logs" / "bridge.log"
    logging = {
        "COUNTERSIGN_BRIDGE_SERVER_ADDRESS": server.address,
        "COUNTERSIGN_BRIDGE_LOG_FILE": windows_path(log),
        "COUNTERSIGN_BRIDGE_LOG_FILE_BYTES_MAX": "300",
        "COUNTERSIGN_BRIDGE_LOG_FILES_MAX": "3",
    }
    paired = command(
        *("pair", code, "--server", server.address),
        environment=terminal.environment(),
        state_dir=state,
    )
    assert paired.returncode == 0, paired.stderr
    assert "csd_paired" not in paired.stdout + paired.stderr
    with WindowsBridge(state, terminal.environment(), logging) as bridge:
        server.wait(lambda: server.is_connected, PATIENCE_S)
        terminals = bridge.terminal_processes()
        os.kill(terminals[0], signal.SIGKILL)
        wait(lambda: log.with_name("bridge.log.1").exists(), "a second log file")
        assert bridge.stop() == 0

    assert "PermissionError" not in bridge.said
    names = sorted(file.name for file in log.parent.iterdir())
    assert len(names) <= 3
    assert all(json.loads(line) for name in names for line in _lines(log.with_name(name)))


def test_as_a_task_without_a_window_it_serves_and_everything_it_says_is_in_its_log(
    server: ChannelServer, terminal: ServedTerminal, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "bridge.log"
    config = tmp_path / "bridge.toml"
    config.write_text(
        f"server_address = '{server.address}'\n"
        f"state_dir = '{windows_path(tmp_path / 'state')}'\n"
        f"log_file = '{windows_path(log)}'\n"
        f"terminal_path = 'sim:{terminal.address}'\n"
        "terminal_module = 'mt5_simulator'\n"
    )
    unpaired = run_python("-c", AS_A_TASK, windows_path(config))
    assert unpaired.returncode == 1
    assert "not paired" in log.read_text(encoding="utf-8")
    server.pairing_codes["K7QXM-3TR9V"] = "csd_paired"
    paired = run_python(
        *("-m", "countersign_bridge", "--config", windows_path(config)), "pair", "K7QXM-3TR9V"
    )
    assert paired.returncode == 0, paired.stderr

    task = subprocess.Popen(  # noqa: S603  # our own
        python_command("-c", AS_A_TASK, windows_path(config)),
        env=wine_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        key, _ = offered(server)
        server.wait(lambda: _executed(server, key), PATIENCE_S)
    finally:
        for number in processes_of("pythonw.exe", windows_path(config)):
            os.kill(number, signal.SIGKILL)
        task.wait(EXIT_PATIENCE_S)
    assert "session opened" in log.read_text(encoding="utf-8")


def test_the_shipped_folder_s_own_command_reads_the_settings_beside_it(
    server: ChannelServer, terminal: ServedTerminal, tmp_path: Path
) -> None:
    program = tmp_path / "Live1" / "program"
    program.parent.mkdir()
    # As installed: the program in a folder of the bridge's, which is anywhere.
    shutil.copytree(PROGRAM, program, symlinks=True)
    simulator = PROJECT / "simulator" / "mt5_simulator"
    shutil.copytree(simulator, program / "packages" / simulator.name)
    (program.parent / "bridge.toml").write_text(
        f"server_address = '{server.address}'\n"
        f"state_dir = '{windows_path(tmp_path / 'state')}'\n"
        f"terminal_path = 'sim:{terminal.address}'\n"
        "terminal_module = 'mt5_simulator'\n"
    )

    said = run_wine("cmd", "/c", windows_path(program / "countersign-bridge.cmd"), "doctor")

    assert (said.returncode, "Traceback" in said.stdout + said.stderr) == (1, False), said
    assert "PROBLEM  pairing" in said.stdout
    assert "ok       terminal" in said.stdout
    assert windows_path(tmp_path / "state") in said.stdout


def test_doctor_says_what_the_real_package_means_when_there_is_no_terminal(
    server: ChannelServer, tmp_path: Path
) -> None:
    said = command(
        *("doctor", "--json"),
        environment={**server.environment(), **WITHOUT_TERMINAL},
        state_dir=tmp_path / "state",
    )

    assert (said.returncode, "Traceback" in said.stderr) == (1, False)
    (trouble,) = [finding for finding in json.loads(said.stdout) if not finding["well"]]
    assert trouble["subject"] == "terminal"
    assert "-10003" in trouble["detail"]
    assert "start MetaTrader 5" in trouble["remedy"]
    assert "COUNTERSIGN_BRIDGE_TERMINAL_PATH" in trouble["remedy"]


def test_without_a_terminal_the_real_package_is_asked_again_and_the_bridge_can_be_stopped(
    server: ChannelServer, tmp_path: Path
) -> None:
    with WindowsBridge(tmp_path / "state", server.environment(), WITHOUT_TERMINAL) as bridge:
        wait(lambda: bridge.said.count("-10003") >= 2, "two tries")
        assert bridge.stop() == 0

    assert not server.hellos
    assert bridge.terminal_processes() == []


def _executed(server: ChannelServer, key: tuple[str, int]) -> bool:
    result = server.result_of(key)
    return result is not None and result.outcome == EXECUTED


def _offered_until_taken(server: ChannelServer) -> tuple[tuple[str, int], int]:
    """Offer again while the bridge says that its terminal is not there yet."""
    while True:
        key, magic = offered(server)
        standing = server.standings[key]
        server.wait(lambda: standing.grant or standing.declined, PATIENCE_S)  # noqa: B023  # waited for here
        if standing.declined is None:
            return key, magic
        assert not standing.declined.final, standing.declined


def _told(
    server: ChannelServer, terminal: ServedTerminal, key: tuple[str, int], magic: int
) -> bool:
    if terminal.opened_volume(magic):
        return _executed(server, key)
    return any(evidence.command_id == key[0] for evidence in server.bodies("evidence"))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
