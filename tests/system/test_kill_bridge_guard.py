"""The guard beside the terminal in a process of its own: killed anywhere, it closes all, once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from countersign.v1 import execution_pb2, guards_pb2, values_pb2
from countersign_bridge.crash_points import EXIT_CODE, CrashPoint
from countersign_guards.policy import Patience
from countersign_guards.policy_text import policy_text
from tests.fixtures.bridge_world import BridgeProcess, command
from tests.fixtures.channel_server import KEY_ID, ChannelServer
from tests.fixtures.guarded_bridge import a_policy, signed_by
from tests.fixtures.served_terminal import ServedTerminal
from tests.fixtures.waiting import until

LOTS = Decimal("0.5")
POINTS = [
    *(point for point in CrashPoint if "guard" in point),
    *(CrashPoint.DURING_SEND, CrashPoint.BEFORE_ORDER_SEND, CrashPoint.AFTER_ORDER_SEND),
]
# These strike the terminal process, each new one again; the bridge lives and finds out.
_OF_THE_TERMINAL = (CrashPoint.BEFORE_ORDER_SEND, CrashPoint.AFTER_ORDER_SEND)
# As sure as one view makes it, so that no test waits for more.
HASTY = a_policy(
    "0.1",
    patience=Patience(
        persistence=timedelta(0), views=1, suspect_persistence=timedelta(0), alert=timedelta(0)
    ),
)


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


def hold(terminal: ServedTerminal) -> None:
    """Open two positions and leave a pending order, as from a phone, at a price that stands."""
    price(terminal, "1.08500")
    deal = {"symbol": "EURUSD", "volume": str(LOTS), "price": "1.08510", "deviation": 1000}
    for _ in range(2):
        terminal.ask("send", request={"action": 1, "type": 0, **deal})
    pending = {"symbol": "EURUSD", "volume": "1", "price": "1.02", "type_filling": 2}
    terminal.ask("send", request={"action": 5, "type": 2, **pending})


def price(terminal: ServedTerminal, bid: str) -> None:
    ask = str(Decimal(bid) + Decimal("0.0001"))
    terminal.ask("price", symbol="EURUSD", bid=bid, ask=ask)


def guard(server: ChannelServer) -> None:
    """Let the server set a policy, and wait until the guard has seen what is held."""
    policy = signed_by(server.signing_key, KEY_ID, policy_text(HASTY))
    server.send(execution_pb2.ChannelResponse(guard_policy=policy))
    server.wait(lambda: any(len(one.positions) == 2 for one in server.bodies("snapshot")))


def is_flat(terminal: ServedTerminal) -> bool:
    account = terminal.account()
    return not account["positions"] and not account["orders"]


def deals(terminal: ServedTerminal, entry: int) -> list[dict[str, Any]]:
    """Return the deals that went into a position, 0, or out of one, 1."""
    found: dict[str, dict[str, Any]] = terminal.account()["deals"]
    return [deal for deal in found.values() if deal["entry"] == entry and Decimal(deal["volume"])]


def acts(server: ChannelServer) -> list[str]:
    names = (guards_pb2.GuardAct.Name(one.act) for one in server.bodies("guard_acted"))
    return [name.removeprefix("GUARD_ACT_").lower() for name in names]


@pytest.mark.parametrize("point", POINTS)
async def test_killed_anywhere_without_a_server_it_closes_each_thing_once_and_tells_it(
    point: CrashPoint,
    server: ChannelServer,
    terminal: ServedTerminal,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"

    async def flat() -> bool:
        return is_flat(terminal)

    hold(terminal)
    with BridgeProcess(state, environment, crash_at=str(point)) as bridge:
        server.wait(lambda: server.is_connected)
        guard(server)
        server.wait(lambda: any(one.entry for one in server.bodies("deal")))
        await written(state, environment, '"standings":[{')
        server.go_away()
        price(terminal, "1.06500")
        if point in _OF_THE_TERMINAL:
            await written(state, environment, "TERMINAL_LOST")
        else:
            assert bridge.ended()[0] == EXIT_CODE
    with BridgeProcess(state, environment):
        await until(flat, "everything is closed", 60)
        server.policy.is_away = False
        server.wait(lambda: acts(server)[-2:] == ["flattened", "latched"])

    out = deals(terminal, 1)
    assert sorted(deal["position_id"] for deal in out) == sorted(
        {deal["position_id"] for deal in out}
    )
    assert sum(Decimal(deal["volume"]) for deal in out) == 2 * LOTS
    assert len(deals(terminal, 0)) == 2
    magics = {one.magic for one in server.bodies("guard_close")}
    assert {deal["magic"] for deal in out} <= magics
    assert all(len(terminal.received(magic)) <= 1 for magic in magics)
    held = server.hellos[-1].guard.latch
    assert held.state in (values_pb2.TRADING_STATE_FLATTENING, values_pb2.TRADING_STATE_HALTED)
    assert held.cause == "drawdown"


async def written(state: Path, environment: dict[str, str], what: str) -> None:
    """Wait until the bridge has written something down."""

    async def is_there() -> bool:
        listed = command("journal", "--json", environment=environment, state_dir=state)
        return what in listed.stdout.replace("\\", "")

    await until(is_there, f"the journal has {what}", 60)
