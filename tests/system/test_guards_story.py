"""The price crashes: announced, everything closed, held over a restart; without a server too."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from countersign.v1 import guards_pb2, values_pb2
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.client import control
from tests.fixtures.live_product import LOGIN, LiveProduct, Victim
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

LOTS = ["8", "8", "8"]
FALL = Decimal("0.1")
ACTIVE, HALTED = values_pb2.TRADING_STATE_ACTIVE, values_pb2.TRADING_STATE_HALTED
_COUNTDOWN = re.compile(r"CLOSING EVERYTHING in (\d+) s")
COUNTERSIGN = Path(sys.executable).parent / "countersign"


def at_terminal(product: LiveProduct, operation: str, **details: object) -> Any:
    return control(parsed_address(product.terminal_address), operation, dict(details))


def positions(product: LiveProduct) -> list[Any]:
    return list(product.truth()["accounts"][str(LOGIN)]["positions"])


@asynccontextmanager
async def crashed(product: LiveProduct, symbol: str = "EURUSD") -> AsyncGenerator[None]:
    """Let the price fall, and tremble inside the block."""
    bid = Decimal(str(product.truth()["quotes"][symbol]["bid"])) - FALL

    async def tremble() -> None:
        pips = 0
        while True:
            pips = 1 - pips
            shaken = bid + pips * Decimal("0.0001")
            at_terminal(
                product,
                "price",
                symbol=symbol,
                bid=str(shaken),
                ask=str(shaken + Decimal("0.0001")),
            )
            await asyncio.sleep(0.3)

    trembling = asyncio.create_task(tremble())
    try:
        yield
    finally:
        trembling.cancel()
        with suppress(asyncio.CancelledError):
            await trembling
        at_terminal(product, "price", symbol=symbol, resume=True)


async def guard(product: LiveProduct) -> guards_pb2.Guard:
    answer = await product.world.guards.GetGuards(
        guards_pb2.GetGuardsRequest(account_id=product.owner.account_id),
        metadata=product.owner.metadata,
    )
    return answer.guards[0]


async def shown(product: LiveProduct, *arguments: str) -> str:
    """Run the owner's command line, and return what it shows."""
    command = await _command(product, *arguments)
    told, complaint = await command.communicate()
    assert command.returncode == 0, complaint.decode()
    return told.decode()


async def _command(product: LiveProduct, *arguments: str) -> asyncio.subprocess.Process:
    token = product.owner.metadata[0][1].removeprefix("Bearer ")
    return await asyncio.create_subprocess_exec(
        *(str(COUNTERSIGN), "guards", *arguments, "--address", product.client_line.address),
        env={
            "PATH": "/usr/bin:/bin",
            "COUNTERSIGN_TOKEN": token,
            "COUNTERSIGN_CONFIG": str(product.bridge_state / "none.toml"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def watched(product: LiveProduct) -> AsyncGenerator[list[str]]:
    """Watch the guard from the owner's command line inside the block: the lines it shows."""
    command = await _command(product, "watch")
    lines: list[str] = []

    async def read() -> None:
        assert command.stdout is not None
        while line := await command.stdout.readline():
            lines.append(line.decode())

    reading = asyncio.create_task(read())
    try:
        yield lines
        assert command.returncode is None, "it watches until it is interrupted"
    finally:
        if command.returncode is None:
            command.terminate()
        await command.wait()
        await reading


async def shows(lines: list[str], words: str) -> bool:
    return any(words in line for line in lines)


def buy_by_hand(product: LiveProduct) -> None:
    """Open positions at the terminal as a person does, without a stop."""
    for lots in LOTS:
        request = {"symbol": "EURUSD", "volume": lots, "type": 0}
        at_terminal(product, "send", request=request)
    assert len(positions(product)) == len(LOTS)


async def is_in(product: LiveProduct, state: values_pb2.TradingState) -> bool:
    """Whether the account is in a state; not as long as no server answers."""
    try:
        return (await guard(product)).state == state
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False


async def test_a_crash_is_announced_then_closes_everything_and_holds_until_a_person_resets_it(
    product: LiveProduct,
) -> None:
    async def is_watched() -> bool:
        return bool((await guard(product)).standings)

    async def counts_down() -> list[guards_pb2.Guard]:
        one = await guard(product)
        return [one] if one.HasField("countdown") else []

    async def is_flat() -> bool:
        return not positions(product)

    async def is_halted() -> bool:
        return await is_in(product, HALTED)

    await until(is_watched, "the account is judged by the default policy", 60)
    buy_by_hand(product)
    async with watched(product) as lines, crashed(product):
        (announced,) = await until(counts_down, "closing is announced", 60)
        countdown = announced.countdown
        wait = countdown.close_time.ToDatetime() - countdown.announce_time.ToDatetime()
        assert (countdown.rule_id, wait) == ("drawdown", timedelta(seconds=10))
        assert announced.state == values_pb2.TRADING_STATE_CLOSE_ONLY
        assert "CLOSING EVERYTHING in" in await shown(product, "show")
        await until(is_flat, "every position is closed", 60)
        left = [int(match[1]) for match in map(_COUNTDOWN.search, lines) if match]
        assert left == sorted(left, reverse=True)
        assert len(set(left)) > 3, "it counts down second by second"
        await until(is_halted, "the account is halted", 30)
        await until(lambda: shows(lines, ": halted"), "who watches is told", 30)
        product.kill(Victim.SERVER)
        lines.clear()
        await product.start(Victim.SERVER)
        await until(is_halted, "the latch holds over a restart", 60)
        await until(lambda: shows(lines, ": halted"), "who watches is told again", 60)

    (alert,) = json.loads(await shown(product, "alerts", "--json"))
    assert [one["state"] for one in alert["closings"]] == ["GUARD_CLOSE_STATE_DONE"] * len(LOTS)
    assert Decimal(alert["result"]["amount"]) < -200_000
    closed = [Decimal(one["volume"]) for one in alert["closings"]]
    assert sum(closed) == sum(map(Decimal, LOTS))
    words = ("reset", product.owner.account_id, "--reason", "seen and understood", "--accept-loss")
    assert ": active" in await shown(product, *words)
    assert (await guard(product)).latch.resets == 1


async def test_without_a_server_the_bridge_closes_alone_and_the_server_learns_of_it(
    product: LiveProduct,
) -> None:
    async def is_active() -> bool:
        return bool(product.bridge.said("guard reset")) and await is_in(product, ACTIVE)

    async def is_flat() -> bool:
        return not positions(product)

    async def is_halted() -> bool:
        return await is_in(product, HALTED)

    async def is_told() -> list[Any]:
        told = json.loads(await shown(product, "alerts", "--json"))
        mine = [one for one in told if one.get("resets", "0") == "1" and "endTime" in one]
        done = [each for one in mine for each in one["closings"] if "profit" in each]
        return mine if len(done) == len(LOTS) else []

    await until(is_active, "the account may trade by both guards", 60)
    product.kill(Victim.SERVER)
    buy_by_hand(product)
    async with crashed(product):
        await until(is_flat, "the bridge closes every position", 90)
        await product.start(Victim.SERVER)
        await until(is_halted, "the server has learned that the account is halted", 60)
    (alert,) = await until(is_told, "the server has learned what was closed", 60)
    assert (alert["side"], alert["cause"]) == ("GUARD_SIDE_BRIDGE", "drawdown")
    assert {one["side"] for one in alert["closings"]} == {"GUARD_SIDE_BRIDGE"}
    assert [one["state"] for one in alert["closings"]] == ["GUARD_CLOSE_STATE_DONE"] * len(LOTS)
    assert Decimal(alert["result"]["amount"]) < -100_000
