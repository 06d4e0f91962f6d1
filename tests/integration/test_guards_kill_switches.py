"""A kill switch stops at once what it is pulled for, until who may release it does."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from countersign.v1 import guards_pb2, values_pb2
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.waiting import until
from tests.fixtures.world import Metadata, Owner, World, a_signal, world

ACTIVE, CLOSE_ONLY, HALTED = (
    values_pb2.TRADING_STATE_ACTIVE,
    values_pb2.TRADING_STATE_CLOSE_ONLY,
    values_pb2.TRADING_STATE_HALTED,
)
PRODUCER_HALTED = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "PRODUCER_HALTED")


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def pull(
    it: World, metadata: Metadata, state: values_pb2.TradingState, **target: Any
) -> guards_pb2.PullKillSwitchResponse:
    request = guards_pb2.PullKillSwitchRequest(state=state, reason="enough", **target)
    return await it.guards.PullKillSwitch(request, metadata=metadata)


async def release(it: World, metadata: Metadata, switch: guards_pb2.KillSwitch) -> None:
    await it.guards.ReleaseKillSwitch(
        guards_pb2.ReleaseKillSwitchRequest(kill_switch_id=switch.kill_switch_id, reason="over"),
        metadata=metadata,
    )


async def state_of(it: World, owner: Owner) -> values_pb2.TradingState:
    answer = await it.guards.GetGuards(guards_pb2.GetGuardsRequest(), metadata=owner.metadata)
    return answer.guards[0].state


async def test_a_command_that_was_approved_is_not_granted_on_an_account_that_was_stopped(
    it: World,
) -> None:
    owner = await it.an_owner()
    strategy = await it.a_producer(owner)
    await it.follow(owner, strategy)
    await it.tell_prices(owner)
    signal_id = await it.submit(strategy, a_signal())
    await it.decide(owner, await it.entry(owner, signal_id))
    device = await it.a_device(owner)
    async with bridge_end(it, owner, device) as bridge:
        offer = (await bridge.hear("offer")).offer
        await pull(it, owner.metadata, HALTED, account_id=owner.account_id)
        assert (await bridge.claim(offer)).deny.reason == "HALTED"
        assert await state_of(it, owner) == HALTED


async def test_nothing_of_a_producer_that_was_stopped_is_taken_approved_or_granted(
    it: World,
) -> None:
    ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
    strategy = await it.a_producer(ann)
    for owner in (ann, bob):
        await it.follow(owner, strategy)
        await it.tell_prices(owner)
    signal_id = await it.submit(strategy, a_signal())
    await it.decide(bob, await it.entry(bob, signal_id))
    waiting = await it.entry(ann, signal_id)
    device = await it.a_device(bob)
    async with bridge_end(it, bob, device) as bridge:
        offer = (await bridge.hear("offer")).offer
        pulled = await pull(it, ann.metadata, CLOSE_ONLY, producer_id=strategy.id)
        assert (await bridge.claim(offer)).deny.reason == "HALTED"
        assert await refusal_of(it.decide(ann, waiting)) == PRODUCER_HALTED
        await until(lambda: _refuses(it, strategy), "the producer's signals are refused")
        assert await state_of(it, bob) == ACTIVE
        await release(it, ann.metadata, pulled.kill_switch)
        assert (await bridge.claim(offer)).HasField("grant")


async def test_what_an_operator_stops_no_owner_lets_go_on(it: World) -> None:
    owner = await it.an_owner()
    pulled = await pull(it, it.operator, HALTED, everything=True)
    assert pulled.accounts == 1
    assert await state_of(it, owner) == HALTED
    late = await it.an_owner("late", login=1000009)
    assert await state_of(it, late) == HALTED
    reset = guards_pb2.ResetGuardRequest(guard_id=owner.account_id, reason="go on", resets=0)
    await it.guards.ResetGuard(reset, metadata=owner.metadata)
    assert await state_of(it, owner) == HALTED
    refused = await refusal_of(release(it, owner.metadata, pulled.kill_switch))
    assert refused == Refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")
    await release(it, it.operator, pulled.kill_switch)
    await until(lambda: _is(it, owner, ACTIVE), "the account may trade again")
    await until(lambda: _is(it, late, ACTIVE), "the late account may trade as well")


async def test_what_an_owner_stops_is_every_account_of_its_own_and_no_other(it: World) -> None:
    ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
    assert (await pull(it, ann.metadata, CLOSE_ONLY, everything=True)).accounts == 1
    assert [await state_of(it, ann), await state_of(it, bob)] == [CLOSE_ONLY, ACTIVE]


async def test_a_milder_switch_changes_nothing(it: World) -> None:
    owner = await it.an_owner()
    await pull(it, owner.metadata, HALTED, account_id=owner.account_id)
    await pull(it, owner.metadata, CLOSE_ONLY, account_id=owner.account_id)
    assert await state_of(it, owner) == HALTED


async def _is(it: World, owner: Owner, state: values_pb2.TradingState) -> bool:
    return await state_of(it, owner) == state


async def _refuses(it: World, strategy: Any) -> bool:
    # What other processes remember of a key is dropped when the bell rings.
    try:
        await it.submit(strategy, a_signal())
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.FAILED_PRECONDITION
    return False


async def test_everything_is_stopped_while_accounts_are_being_judged(it: World) -> None:
    owners = [await it.an_owner(f"owner{n}", login=2_000_000 + n) for n in range(4)]

    async def judge(owner: Owner) -> None:
        for _ in range(5):
            await pull(it, owner.metadata, CLOSE_ONLY, everything=True)
            await state_of(it, owner)

    async def stop() -> None:
        for _ in range(5):
            pulled = await pull(it, it.operator, HALTED, everything=True)
            await release(it, it.operator, pulled.kill_switch)

    await asyncio.gather(stop(), *(judge(owner) for owner in owners))
    for owner in owners:
        await until(partial(_is, it, owner, CLOSE_ONLY), "its own latch is what holds")
