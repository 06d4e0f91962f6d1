"""Positions that a bridge tells of: whole, by what changed, and what is done when some is lost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from countersign.v1 import execution_pb2 as pb, reconciliation_pb2
from tests.fixtures.bridge_end import BridgeEnd, a_snapshot, bridge_end
from tests.fixtures.world import Device, Owner, World, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


@pytest.fixture
async def owner(it: World) -> Owner:
    return await it.an_owner()


@pytest.fixture
async def device(it: World, owner: Owner) -> Device:
    return await it.a_device(owner)


def a_delta(revision: int, *changed: pb.Position, closed: tuple[int, ...] = ()) -> pb.AccountDelta:
    return pb.AccountDelta(
        revision=revision,
        balance=str(10_000 + revision),
        equity="10005",
        credit="0",
        margin="0",
        margin_free="10005",
        changed=changed,
        closed=closed,
        connected=True,
    )


def a_position(identifier: int, volume: str = "0.1") -> pb.Position:
    (position,) = a_snapshot().positions
    position.ticket = position.identifier = identifier
    position.volume = volume
    return position


async def kept(it: World, owner: Owner) -> tuple[int, str, list[tuple[int, str]]]:
    """The revision, the balance, and each position's identifier and volume."""
    answer = await it.reconciliation.ListPositions(
        reconciliation_pb2.ListPositionsRequest(), metadata=owner.metadata
    )
    snapshot = answer.accounts[0].snapshot
    positions = [(position.identifier, position.volume) for position in snapshot.positions]
    return snapshot.revision, snapshot.balance, positions


async def tell(bridge: BridgeEnd, *deltas: pb.AccountDelta) -> None:
    sequence = 0
    for delta in deltas:
        sequence = await bridge.tell(f"delta:{delta.revision}", delta=delta)
    await bridge.acknowledged(sequence)


async def test_a_delta_changes_what_it_names_and_leaves_the_rest(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        assert bridge.welcome.takes_deltas
        await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
        await tell(bridge, a_delta(2, a_position(402)), a_delta(3, a_position(401, "0.05")))
        assert await kept(it, owner) == (3, "10003", [(401, "0.05"), (402, "0.1")])
        await tell(bridge, a_delta(4, closed=(401,)))
        assert await kept(it, owner) == (4, "10004", [(402, "0.1")])


async def test_a_delta_told_twice_counts_once(it: World, owner: Owner, device: Device) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
        await tell(bridge, a_delta(2, closed=(401,)), a_delta(3, a_position(402)))
        await tell(bridge, a_delta(2, closed=(402,)))
        assert await kept(it, owner) == (3, "10003", [(402, "0.1")])


async def test_after_a_gap_nothing_changes_until_the_whole_has_come(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await bridge.acknowledged(await bridge.tell("snapshot:1", snapshot=a_snapshot(1)))
        await bridge.tell("delta:3", delta=a_delta(3, closed=(401,)))
        await bridge.hear("fetch_snapshot")
        assert await kept(it, owner) == (1, "10000", [(401, "0.1")])
        await bridge.tell("snapshot:4", snapshot=a_snapshot(4))
        await tell(bridge, a_delta(5, a_position(402)))
        assert await kept(it, owner) == (5, "10005", [(401, "0.1"), (402, "0.1")])


async def test_a_delta_of_a_new_session_never_changes_the_last_ones_snapshot(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
        await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
        await bridge.ended()
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("delta:2", delta=a_delta(2, closed=(401,)))
        await bridge.hear("fetch_snapshot")
        assert await kept(it, owner) == (1, "10000", [(401, "0.1")])


async def test_a_snapshot_counts_whatever_deltas_came_with_it(
    it: World, owner: Owner, device: Device
) -> None:
    """A slow stream may carry a newer snapshot before deltas that were told earlier."""
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("snapshot:4", snapshot=a_snapshot(4))
        await tell(bridge, a_delta(2, closed=(401,)), a_delta(3, a_position(402)))
        assert await kept(it, owner) == (4, "10000", [(401, "0.1")])


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(hours=1)])
@pytest.mark.parametrize("by_delta", [False, True])
async def test_how_old_a_reading_is_shown_does_not_depend_on_how_the_bridges_clock_is_set(
    it: World, owner: Owner, device: Device, ahead: timedelta, *, by_delta: bool
) -> None:
    def on_its_clock(age: timedelta) -> Timestamp:
        moment = Timestamp()
        moment.FromDatetime(datetime.now(UTC) + ahead - age)
        return moment

    old = timedelta(minutes=10)
    async with bridge_end(it, owner, device) as bridge:
        await bridge.say(heartbeat=pb.BridgeHeartbeat(bridge_time=on_its_clock(timedelta(0))))
        told: dict[str, Any] = {"snapshot": a_snapshot(1)}
        if by_delta:
            await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
            told = {"delta": a_delta(2)}
        event = pb.Event(natural_key="reading", event_time=on_its_clock(old), **told)
        await bridge.acknowledged(await bridge.say(event=event))
        answer = await it.reconciliation.ListPositions(
            reconciliation_pb2.ListPositionsRequest(), metadata=owner.metadata
        )
    shown = answer.accounts[0].event_time.ToDatetime(UTC)
    assert abs(datetime.now(UTC) - old - shown) < timedelta(minutes=5)
    assert answer.accounts[0].stale
