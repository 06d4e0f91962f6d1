"""The server is killed, the price falls: the bridge closes alone, and the server learns of it."""

from decimal import Decimal
from typing import Any

import grpc
import pytest

from countersign.v1 import guards_pb2, values_pb2
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.client import control
from tests.fixtures.aftermath import compared
from tests.fixtures.live_product import LOGIN, LiveProduct, Victim
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

# Two percent of a million is 20,000; ten lots lose 30,000 in the fall.
POLICY = (
    '{"currency":"USD","losses":[{"id":"drawdown","reference":"peak-equity",'
    '"limit":{"fraction":"0.02"},"action":"flatten"}],'
    '"patience":{"persistence_seconds":1,"views":2,"alert_seconds":2}}'
)
DEPOSIT = Decimal(1_000_000)
BEFORE, AFTER = "1.08500", "1.05500"


def ask(product: LiveProduct, verb: str, **details: object) -> Any:  # the simulator's JSON
    return control(parsed_address(product.terminal_address), verb, details)


def price(product: LiveProduct, bid: str) -> None:
    ask(product, "price", symbol="EURUSD", bid=bid, ask=str(Decimal(bid) + Decimal("0.0001")))


def positions(product: LiveProduct) -> dict[str, Any]:
    return dict(product.truth()["accounts"][str(LOGIN)]["positions"])


async def guard(product: LiveProduct) -> guards_pb2.Guard:
    answer = await product.world.guards.GetGuards(
        guards_pb2.GetGuardsRequest(account_id=product.owner.account_id),
        metadata=product.owner.metadata,
    )
    return answer.guards[0]


async def hold(product: LiveProduct) -> None:
    """Set the policy and open ten lots by hand, and wait until both sides have seen them."""
    world, owner = product.world, product.owner
    await world.guards.PutGuardPolicy(
        guards_pb2.PutGuardPolicyRequest(account_id=owner.account_id, text=POLICY, version=1),
        metadata=owner.metadata,
    )
    price(product, BEFORE)
    request = {"action": 1, "symbol": "EURUSD", "volume": "5", "price": "1.0851", "deviation": 1000}
    for _ in range(2):
        ask(product, "send", request={**request, "type": 0})

    async def seen() -> bool:
        standings = (await guard(product)).standings
        return bool(product.bridge.said("guard measures")) and any(
            Decimal(one.value) < DEPOSIT for one in standings
        )

    await until(seen, "both guards have seen what is held", 60)


async def test_with_the_server_killed_the_bridge_closes_alone_and_the_server_learns_of_it(
    product: LiveProduct,
) -> None:
    world, owner = product.world, product.owner
    await hold(product)

    async def flat() -> bool:
        return not positions(product)

    product.kill(Victim.SERVER)
    price(product, AFTER)
    await until(flat, "the bridge has closed everything alone", 60)
    await product.start(Victim.SERVER)

    async def told() -> guards_pb2.DrawdownAlert | None:
        try:
            answer = await world.guards.ListDrawdownAlerts(
                guards_pb2.ListDrawdownAlertsRequest(account_id=owner.account_id),
                metadata=owner.metadata,
            )
        except grpc.aio.AioRpcError:  # the gateway has not found the server again yet
            return None
        ended = [alert for alert in answer.alerts if alert.HasField("end_time")]
        return ended[0] if ended else None

    alert = await until(told, "the server knows of the closing", 60)
    assert alert is not None
    assert (alert.cause, alert.side) == ("drawdown", guards_pb2.GUARD_SIDE_BRIDGE)
    assert [(one.side, one.state, one.volume) for one in alert.closings] == [
        (guards_pb2.GUARD_SIDE_BRIDGE, guards_pb2.GUARD_CLOSE_STATE_DONE, "5")
    ] * 2

    async def halted() -> guards_pb2.Guard | None:
        found = await guard(product)
        return found if found.latch.state == values_pb2.TRADING_STATE_HALTED else None

    held = await until(halted, "both sides hold the same", 60)
    assert held is not None
    assert held.latch.cause == "drawdown"
    await reset(product, held.latch.resets)
    await until(lambda: agree(product), "the ledger has every deal", 60)


async def agree(product: LiveProduct) -> bool:
    """Whether the books agree, but for what a person and the guard sent without a grant."""
    return all(line.startswith("I5") for line in compared(product))


async def reset(product: LiveProduct, resets: int) -> None:
    """Let the owner lift the latch, and wait until the bridge trades again."""
    await product.world.guards.ResetGuard(
        guards_pb2.ResetGuardRequest(
            guard_id=product.owner.account_id,
            reason="the news is over",
            resets=resets,
            accept_loss=True,
        ),
        metadata=product.owner.metadata,
    )

    async def lifted() -> bool:
        return (await guard(product)).state == values_pb2.TRADING_STATE_ACTIVE

    await until(lifted, "the latch is lifted", 60)
