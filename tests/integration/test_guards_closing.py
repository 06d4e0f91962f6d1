"""From a breach to a flat account: announced, closed by commands, latched, reset by a person."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countersign.v1 import execution_pb2 as pb, guards_pb2, values_pb2
from tests.fixtures.bridge_end import BridgeEnd, a_snapshot, bridge_end
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, world

QUICK = (
    '{"currency":"USD","losses":[{"id":"drawdown","reference":"peak-equity",'
    '"limit":{"fraction":"0.2"},"action":"flatten"}],'
    '"patience":{"persistence_seconds":0,"views":1,"alert_seconds":0}}'
)

DEPOSIT = pb.Deal(
    ticket=1,
    type=2,
    volume="0",
    price="0",
    profit="10000",
    commission="0",
    swap="0",
    fee="0",
    broker_time_ms=1_772_000_000_000,
)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def put_policy(it: World, owner: Owner, text: str = QUICK, version: int = 1) -> Any:
    return await it.guards.PutGuardPolicy(
        guards_pb2.PutGuardPolicyRequest(account_id=owner.account_id, text=text, version=version),
        metadata=owner.metadata,
    )


async def guard(it: World, owner: Owner) -> guards_pb2.Guard:
    answer = await it.guards.GetGuards(
        guards_pb2.GetGuardsRequest(account_id=owner.account_id), metadata=owner.metadata
    )
    return answer.guards[0]


async def show(bridge: BridgeEnd, equity: str, revision: int, *, flat: bool = False) -> None:
    snapshot = a_snapshot(revision)
    snapshot.equity = equity
    if flat:
        del snapshot.positions[:]
    await bridge.acknowledged(await bridge.tell(f"snapshot:{revision}", snapshot=snapshot))


async def in_state(it: World, owner: Owner, state: values_pb2.TradingState) -> guards_pb2.Guard:
    async def found() -> list[guards_pb2.Guard]:
        one = await guard(it, owner)
        return [one] if one.state == state else []

    return (await until(found, f"the guard is in {values_pb2.TradingState.Name(state)}"))[0]


async def test_a_breach_closes_every_position_and_latches_until_a_person_resets_it(
    it: World,
) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    device = await it.a_device(owner)
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("deal:1", deal=DEPOSIT)
        await show(bridge, "10000", 1)
        await until(lambda: _seen(it, owner), "the account has been judged")
        await show(bridge, "7900", 2)
        offer = (await bridge.hear("offer")).offer
        assert "kind: close" in offer.intent_text
        assert f"approval: {offer.command_id}" in offer.intent_text
        assert offer.target.position_id == 401
        granted = (await bridge.claim(offer)).grant
        assert granted.command_id == offer.command_id
        deal = pb.Deal(
            ticket=502,
            order_ticket=402,
            position_id=401,
            magic=granted.magic,
            type=1,
            entry=pb.DEAL_ENTRY_OUT,
            reason=3,
            symbol="EURUSD",
            volume="0.1",
            price="1.0645",
            profit="-2100",
            commission="0",
            swap="0",
            fee="0",
            broker_time_ms=1_772_000_001_000,
        )
        await bridge.tell("deal:502", deal=deal)
        await show(bridge, "7900", 3, flat=True)
        halted = await in_state(it, owner, values_pb2.TRADING_STATE_HALTED)
    assert halted.latch.cause == "drawdown"
    alerts = await it.guards.ListDrawdownAlerts(
        guards_pb2.ListDrawdownAlertsRequest(), metadata=owner.metadata
    )
    (alert,) = alerts.alerts
    assert alert.HasField("end_time")
    assert (alert.cause, alert.result.amount) == ("drawdown", "-2100")
    assert [one.state for one in alert.closings] == [guards_pb2.GUARD_CLOSE_STATE_DONE]
    reset = await it.guards.ResetGuard(
        guards_pb2.ResetGuardRequest(
            guard_id=owner.account_id, reason="seen", resets=0, accept_loss=True
        ),
        metadata=owner.metadata,
    )
    assert reset.guard.state == values_pb2.TRADING_STATE_ACTIVE


async def _seen(it: World, owner: Owner) -> bool:
    return bool((await guard(it, owner)).standings)
