"""A bridge as it runs: its own process, a real channel, a terminal in another process."""

import json
import stat
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from countersign.v1 import execution_pb2, values_pb2
from countersign_bridge.crash_points import EXIT_CODE, CrashPoint
from tests.fixtures.bridge_world import BridgeProcess, a_close, a_text, command
from tests.fixtures.channel_server import ChannelServer
from tests.fixtures.served_terminal import ServedTerminal

EXECUTED = execution_pb2.ATTEMPT_OUTCOME_EXECUTED
NOT_SENT = execution_pb2.ATTEMPT_OUTCOME_NOT_SENT
LOTS = Decimal("0.1")

# A crash here leaves a grant that nobody used.
NOTHING_SENT = (CrashPoint.BEFORE_INTENT, CrashPoint.AFTER_INTENT, CrashPoint.BEFORE_ORDER_SEND)
# Here the crash races with what has just left: the claim may be granted, the order may be sent.
NOBODY_KNOWS = (CrashPoint.AFTER_CLAIM, CrashPoint.DURING_SEND)


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


def test_an_approved_signal_trades_once_and_its_deal_comes_back(
    server: ChannelServer, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    opening = uuid4()
    with BridgeProcess(tmp_path / "state", environment) as bridge:
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text(approval=opening))
        magic = server.standings[key].offer.magic
        server.wait(lambda: server.result_of(key))
        server.wait(lambda: any(deal.magic == magic for deal in server.bodies("deal")))

        close = server.offer(
            a_close(opening), target=execution_pb2.TargetPosition(opening_magic=magic)
        )
        server.wait(lambda: server.result_of(close))
        server.wait(lambda: {s.balance for s in server.bodies("snapshot")})
        server.wait(lambda: any(report.quotes for report in server.bodies("symbols")))
        code, said = bridge.stop()

    assert (code, len(terminal.received(magic))) == (0, 1)
    assert terminal.opened_volume(magic) == LOTS
    assert terminal.account()["positions"] == {}
    assert [frame.WhichOneof("frame") for frame in server.frames][-1] == "goodbye"
    assert server.policy.secret not in said
    assert all(json.loads(line) for line in said.splitlines())


@pytest.mark.parametrize("point", [point for point in CrashPoint if "guard" not in point])
def test_a_crash_at_any_named_point_sends_at_most_one_order_and_tells_the_truth(
    point: CrashPoint,
    server: ChannelServer,
    terminal: ServedTerminal,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    # The first deal is the account's deposit, told before anything is offered.
    crash_at = f"{point}:2" if "deal" in point else str(point)
    with BridgeProcess(tmp_path / "state", environment, crash_at=crash_at) as bridge:
        server.wait(lambda: server.is_connected)
        server.wait(lambda: server.bodies("deal"))
        key = server.offer(a_text())
        magic = server.standings[key].offer.magic
        if point in (CrashPoint.BEFORE_ORDER_SEND, CrashPoint.AFTER_ORDER_SEND):
            # These strike the terminal process; the bridge lives and finds out.
            server.wait(lambda: "TERMINAL_LOST" in str(server.events))
            code = EXIT_CODE
        else:
            code, _ = bridge.ended()
    assert code == EXIT_CODE

    with BridgeProcess(tmp_path / "state", environment):

        def told() -> bool:
            lots = terminal.opened_volume(magic)
            deals = [deal for deal in server.bodies("deal") if deal.magic == magic]
            evident = any(e.command_id == key[0] for e in server.bodies("evidence"))
            if lots:
                result = server.result_of(key)
                return bool(deals) and result is not None and result.outcome == EXECUTED
            return evident

        server.wait(told)
        if point not in NOBODY_KNOWS:
            assert bool(terminal.opened_volume(magic)) is (point not in NOTHING_SENT)

    assert len(terminal.received(magic)) <= 1
    assert terminal.opened_volume(magic) in (0, LOTS)


def test_a_bridge_whose_stream_is_cut_comes_back_with_what_was_not_taken(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    with BridgeProcess(tmp_path / "state", environment):
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text())
        server.wait(lambda: server.result_of(key))
        server.cut()
        server.wait(lambda: len(server.hellos) == 2)
        other = server.offer(a_text())
        server.wait(lambda: server.result_of(other))

    first, second = server.hellos
    assert first.instance_id == second.instance_id
    assert second.generation_seen >= 1
    # Nobody can tell whether the old connection is alive: the new stream does not depend on it.
    assert len(set(server.peers)) == 2


def test_frames_that_were_lost_are_sent_again(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.policy.fault_at = set(range(2, 40, 3))
    with BridgeProcess(tmp_path / "state", environment):
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text())
        server.wait(lambda: server.result_of(key))
        server.wait(lambda: server.bodies("deal"))

    assert len(server.hellos) == 1
    sequences = [frame.sequence for frame in server.frames]
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_grant_that_comes_too_late_is_not_used(
    server: ChannelServer, terminal: ServedTerminal, environment: dict[str, str], tmp_path: Path
) -> None:
    server.policy.grant_valid_ms = 200
    server.policy.grant_delay_s = 0.5
    with BridgeProcess(tmp_path / "state", environment):
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text())
        server.wait(lambda: server.result_of(key))

    result = server.result_of(key)
    assert result is not None
    assert (result.outcome, result.reason) == (NOT_SENT, "GRANT_LAPSED")
    assert terminal.received(server.standings[key].offer.magic) == []


def test_a_halted_account_opens_nothing(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.policy.state, server.policy.latch = values_pb2.TRADING_STATE_HALTED, 1
    with BridgeProcess(tmp_path / "state", environment):
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text())
        server.wait(lambda: server.standings[key].declined)

    declined = server.standings[key].declined
    assert declined is not None
    assert (declined.reason, declined.final) == ("HALTED", False)


def test_a_revoked_device_ends_its_bridge_with_one_line(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.policy.revoked = True
    said = command("run", environment=environment, state_dir=tmp_path / "state")
    assert said.returncode == 1
    assert "pair it again" in said.stderr.splitlines()[-1]
    assert "Traceback" not in said.stderr


def test_a_second_bridge_on_the_same_state_is_turned_away(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    with BridgeProcess(tmp_path / "state", environment):
        server.wait(lambda: server.is_connected)
        said = command("run", environment=environment, state_dir=tmp_path / "state")
    assert said.returncode == 1
    assert "another bridge runs" in said.stderr


def test_a_bridge_pairs_itself_with_a_code_and_runs(
    server: ChannelServer, terminal: ServedTerminal, tmp_path: Path
) -> None:
    state, code = tmp_path / "state", "K7QXM-3TR9V"
    server.pairing_codes[code] = "csd_paired"
    paired = command(
        *("pair", code, "--server", server.address),
        environment=terminal.environment(),
        state_dir=state,
    )
    assert paired.returncode == 0, paired.stderr
    file = state / "device.json"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "csd_paired" not in paired.stdout + paired.stderr

    address = {"COUNTERSIGN_BRIDGE_SERVER_ADDRESS": server.address}
    with BridgeProcess(state, terminal.environment(), address):
        server.wait(lambda: server.is_connected)

    again = command(
        *("pair", code, "--server", server.address),
        environment=terminal.environment(),
        state_dir=tmp_path / "other",
    )
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1


def test_the_journal_can_be_listed_while_the_bridge_runs(
    server: ChannelServer, environment: dict[str, str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with BridgeProcess(state, environment):
        server.wait(lambda: server.is_connected)
        key = server.offer(a_text())
        server.wait(lambda: server.result_of(key))
        listed = command("journal", "--json", environment=environment, state_dir=state)
        table = command("journal", environment=environment, state_dir=state)

    kinds = [json.loads(line)["kind"] for line in listed.stdout.splitlines()]
    assert [kind for kind in kinds if kind in {"RECEIVED", "INTENT", "RESULT"}] == [
        *("RECEIVED", "INTENT", "RESULT")
    ]
    assert key[0] in table.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COUNTERSIGN_BRIDGE_SERVER_ADDRESS", "nowhere"),
        ("COUNTERSIGN_BRIDGE_TERMINAL_CALL_TIMEOUT", "0"),
        ("COUNTERSIGN_BRIDGE_FENCE_VOLUME_MAX", "-1"),
        ("COUNTERSIGN_BRIDGE_APPROVAL_KEYS", "k=abcd"),
        ("COUNTERSIGN_BRIDGE_TERMINAL_MODULE", "os"),
        ("COUNTERSIGN_BRIDGE_CONFIG", "no-such-file.toml"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(
    variable: str, value: str, tmp_path: Path
) -> None:
    said = command("run", environment={variable: value}, state_dir=tmp_path)
    assert said.returncode == 1
    assert variable in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_an_unpaired_bridge_says_how_to_pair(tmp_path: Path) -> None:
    said = command("run", environment={}, state_dir=tmp_path)
    assert said.returncode == 1
    assert "countersign-bridge pair" in said.stderr
