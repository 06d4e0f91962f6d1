"""What a bridge's guard did while nobody could be asked: taken in once, and agreed with."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from countersign.v1 import audit_pb2, execution_pb2 as pb, guards_pb2, values_pb2
from tests.fixtures.bridge_end import BridgeEnd, a_snapshot, bridge_end, stamp
from tests.fixtures.guarded_world import (
    ACTIVE,
    CLOSE_ONLY,
    FLATTENING,
    HALTED,
    alerts,
    events,
    guard,
    in_state,
    leave,
    put_policy,
    reset,
    show,
)
from tests.fixtures.waiting import until
from tests.fixtures.world import World, world

ATTEMPT = str(uuid4())
MAGIC = 4711


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


def latched(state: values_pb2.TradingState, **changes: Any) -> guards_pb2.GuardLatch:
    facts: dict[str, Any] = {"cause": "drawdown", "by": "guard", "since_time": stamp(), **changes}
    return guards_pb2.GuardLatch(state=state, **facts)


def a_close(phase: pb.GuardClosePhase, **changes: Any) -> pb.GuardClose:
    facts: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "phase": phase,
        "magic": MAGIC,
        "cause": "drawdown",
        "position_id": 401,
        "symbol": "EURUSD",
        "side": values_pb2.SIDE_BUY,
        "volume": "0.1",
        **changes,
    }
    return pb.GuardClose(**facts)


async def tell_story(bridge: BridgeEnd) -> None:
    """Tell of a trip, a close and its end, as a bridge does after it was alone."""
    evidence = guards_pb2.GuardStanding(
        rule_id="drawdown",
        value="7900",
        reference="10000",
        floor="8000",
        headroom="-100",
        share="1.05",
    )
    flattening = pb.GuardActed(
        act=guards_pb2.GUARD_ACT_FLATTENING,
        rule_id="drawdown",
        standing=evidence,
        latch=latched(FLATTENING),
    )
    flattened = pb.GuardActed(
        act=guards_pb2.GUARD_ACT_FLATTENED, rule_id="drawdown", latch=latched(HALTED)
    )
    intent = a_close(pb.GUARD_CLOSE_PHASE_INTENT)
    result = a_close(pb.GUARD_CLOSE_PHASE_RESULT, outcome=pb.ATTEMPT_OUTCOME_EXECUTED)
    deal = pb.Deal(
        ticket=502, order_ticket=402, position_id=401, magic=MAGIC, type=1,
        entry=pb.DEAL_ENTRY_OUT, reason=3, symbol="EURUSD", volume="0.1", price="1.0645",
        profit="-2100", commission="0", swap="0", fee="0", broker_time_ms=1_772_000_001_000,
    )  # fmt: skip
    await bridge.tell("guard:0:drawdown:7", guard_acted=flattening)
    await bridge.tell(f"guard-close:{ATTEMPT}:intent", guard_close=intent)
    await bridge.tell(f"guard-close:{ATTEMPT}:result", guard_close=result)
    await bridge.tell("deal:502", deal=deal)
    await bridge.tell("guard:0:drawdown:8", guard_acted=flattened)


async def test_what_the_bridge_did_alone_is_told_once_with_its_closes_and_the_loss(
    it: World,
) -> None:
    owner = await it.an_owner()
    device = await it.a_device(owner)
    held = pb.GuardHeld(latch=latched(HALTED))
    for _ in range(2):  # told again after a break: what was not acknowledged comes anew
        async with bridge_end(it, owner, device, guard=held) as bridge:
            await tell_story(bridge)
            await show(bridge, "7900", 1, balance="7900", positions=False)
            await in_state(it, owner, HALTED)
            await until(lambda: is_over(it, owner), "the story has been taken in")
            await leave(bridge)
    latch = (await guard(it, owner)).latch
    assert (latch.cause, latch.resets) == ("drawdown", 0)
    (alert,) = await alerts(it, owner)
    assert (alert.side, alert.evidence.floor, alert.result.amount) == (
        guards_pb2.GUARD_SIDE_BRIDGE,
        "8000",
        "-2100",
    )
    (closing,) = alert.closings
    assert (closing.closing_id, closing.state) == (ATTEMPT, guards_pb2.GUARD_CLOSE_STATE_DONE)
    alone = [one for one in await events(it, owner) if one.side == guards_pb2.GUARD_SIDE_BRIDGE]
    assert [one.act for one in alone] == [
        guards_pb2.GUARD_ACT_FLATTENED,
        guards_pb2.GUARD_ACT_FLATTENING,
    ]
    told = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(page_size=500), metadata=owner.metadata
    )
    kinds = Counter(entry.kind for entry in told.entries)
    assert (kinds["guard.flattening"], kinds["guard.closed_at_bridge"]) == (1, 1)


async def test_a_persons_word_that_the_bridge_missed_goes_before_what_it_holds(it: World) -> None:
    owner = await it.an_owner()
    device = await it.a_device(owner)
    async with bridge_end(it, owner, device, guard=pb.GuardHeld(latch=latched(HALTED))) as bridge:
        await show(bridge, "10000", 1)
        await in_state(it, owner, HALTED)
        assert (await reset(it, owner)).guard.state == ACTIVE
        await leave(bridge)
    async with bridge_end(it, owner, device, guard=pb.GuardHeld(latch=latched(HALTED))) as bridge:
        held = (await bridge.hear("guard")).guard.latch
        assert (held.resets, held.reason) == (1, "seen")
        await show(bridge, "10000", 1)
        await until(lambda: is_seen_again(it, owner, bridge), "the bridge's word is taken in")
        assert (await guard(it, owner)).state == ACTIVE


async def test_the_stricter_of_both_sides_holds(it: World) -> None:
    owner = await it.an_owner()
    await put_policy(it, owner)
    device = await it.a_device(owner)
    for ours, theirs, both in ((ACTIVE, CLOSE_ONLY, CLOSE_ONLY), (CLOSE_ONLY, ACTIVE, CLOSE_ONLY)):
        assert (await guard(it, owner)).state == ours
        latch = latched(theirs) if theirs != ACTIVE else guards_pb2.GuardLatch(state=ACTIVE)
        async with bridge_end(it, owner, device, guard=pb.GuardHeld(latch=latch)) as bridge:
            await show(bridge, "10000", 1)
            await until(lambda: is_seen_again(it, owner, bridge), "the bridge's word is taken in")
            await in_state(it, owner, both)
            await leave(bridge)


async def is_over(it: World, owner: Any) -> bool:
    found = await alerts(it, owner)
    return bool(found) and found[0].HasField("end_time") and bool(found[0].closings)


async def is_seen_again(it: World, owner: Any, bridge: BridgeEnd) -> bool:
    """Whether a view told just now has been judged, and so everything that was told before it."""
    before = (await guard(it, owner)).view_time
    snapshot = a_snapshot(int(bridge.sequence) + 10)
    await bridge.acknowledged(await bridge.tell("snapshot", snapshot=snapshot))
    return (await guard(it, owner)).view_time != before
