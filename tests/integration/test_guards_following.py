"""Who looks at a guard sees each change of it as it comes, and a countdown to its end."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest

from countersign.v1 import guards_pb2, identity_pb2, values_pb2
from countersign_server.accounts.store import save_snapshot
from countersign_server.guards.following import Following
from countersign_server.reconciliation.freshness import HEARTBEATS
from tests.fixtures.back_office import HEARTBEAT, a_snapshot, back_office
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.clock import Clock
from tests.fixtures.guarded_world import (
    ANNOUNCED,
    CLOSE_ONLY,
    begin,
    put_policy,
    reset,
    show,
)
from tests.fixtures.refusals import refusal
from tests.fixtures.server_sent_events import Events
from tests.fixtures.world import Owner, World, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


class Guards:
    """The guards that a follower is told of, and the ids of the events."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.last = ""

    async def next(self) -> dict[str, Any]:
        event = await self._events.next()
        self.last = event.get("id", self.last)
        return {"event": event["event"], **json.loads(event["data"])}

    async def until(self, key: str) -> dict[str, Any]:
        """Return the first from now on that has something there."""
        while not (guard := await self.next()).get(key):
            pass
        return guard


@asynccontextmanager
async def following(
    it: World, owner: Owner, *, account_id: str = "", last: str = ""
) -> AsyncGenerator[Guards]:
    headers = (("last-event-id", last),) if last else ()
    call = it.guards.FollowGuards(
        guards_pb2.FollowGuardsRequest(account_id=account_id),
        metadata=(*owner.metadata, *headers),
    )
    try:
        yield Guards(await Events(call).opened())
    finally:
        call.cancel()


def equity(guard: dict[str, Any]) -> list[str]:
    return [standing["value"] for standing in guard["standings"]]


async def test_a_follower_sees_the_distance_to_each_limit_as_it_changes(it: World) -> None:
    owner = await it.an_owner()
    async with (
        bridge_end(it, owner, await it.a_device(owner)) as bridge,
        following(it, owner) as guards,
    ):
        first = await guards.next()
        assert (first["event"], first["guardId"]) == ("guard", owner.account_id)
        assert (first["standings"], first["stale"]) == ([], True)
        await begin(it, owner, bridge)
        judged = await guards.until("standings")
        assert equity(judged) == ["10000"]
        # The same again is no news, whenever it was read.
        await show(bridge, "10000", 2)
        await show(bridge, "9000", 3)
        changed = await guards.next()
        assert (equity(changed), changed["standings"][0]["headroom"]) == (["9000"], "1000")


async def test_a_follower_is_told_what_counts_down_and_until_when(it: World) -> None:
    owner = await it.an_owner()
    await put_policy(it, owner, ANNOUNCED)
    async with (
        bridge_end(it, owner, await it.a_device(owner)) as bridge,
        following(it, owner) as guards,
    ):
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        told = await guards.until("countdown")
        left = datetime.fromisoformat(told["countdown"]["closeTime"]) - datetime.fromisoformat(
            told["serverTime"]
        )
        assert timedelta(minutes=9) < left <= timedelta(minutes=10)
        assert told["state"] == values_pb2.TradingState.Name(CLOSE_ONLY)
        await it.guards.CallOffClosing(
            guards_pb2.CallOffClosingRequest(guard_id=owner.account_id, reason="hedged"),
            metadata=owner.metadata,
        )
        while "countdown" in (told := await guards.next()):
            pass
        assert (told["latch"]["reason"], told["latch"]["calledOff"]) == ("hedged", ["drawdown"])
        await reset(it, owner, resets=1)
        assert (await guards.next())["latch"]["reason"] == "seen"


async def test_a_follower_sees_switches_pulled_and_released(it: World) -> None:
    owner = await it.an_owner()
    async with following(it, owner) as guards:
        await guards.next()
        pulled = await it.guards.PullKillSwitch(
            guards_pb2.PullKillSwitchRequest(everything=True, state=CLOSE_ONLY, reason="outage"),
            metadata=it.operator,
        )
        told = await guards.until("killSwitches")
        assert told["killSwitches"][0]["reason"] == "outage"
        await it.guards.ReleaseKillSwitch(
            guards_pb2.ReleaseKillSwitchRequest(
                kill_switch_id=pulled.kill_switch.kill_switch_id, reason="over"
            ),
            metadata=it.operator,
        )
        # Each guard is looked at after the release, and lets its account trade again.
        while told["killSwitches"] or told["state"] != "TRADING_STATE_ACTIVE":
            told = await guards.next()


async def test_a_follower_that_comes_again_is_told_only_what_is_new(it: World) -> None:
    owner = await it.an_owner()
    quiet = (await it.another_account(owner, login=1000002)).account_id
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        async with following(it, owner) as guards:
            both = {(await guards.next())["accountId"], (await guards.next())["accountId"]}
            assert both == {owner.account_id, quiet}
        # Said to have been told of all that happened until a minute from now.
        later = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1_000_000)
        async with following(it, owner, last=str(later)) as guards:
            await show(bridge, "9000", 2)
            told = await guards.next()
            assert (told["accountId"], equity(told)) == (owner.account_id, ["9000"])
            assert int(guards.last) == later, "an id never goes back"


async def test_a_follower_sees_nobody_elses_guards(it: World) -> None:
    ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
    async with following(it, ann) as guards:
        assert (await guards.next())["accountId"] == ann.account_id
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        async with following(it, ann, account_id=bob.account_id):
            pass


async def test_a_follower_is_cut_off_when_its_user_is_disabled(it: World) -> None:
    owner = await it.an_owner()
    async with following(it, owner) as guards:
        await guards.next()
        await it.identity.DisableUser(
            identity_pb2.DisableUserRequest(user_id=owner.id), metadata=it.operator
        )
        told = await guards.next()
    assert (told["event"], told["reason"]) == ("end", "TOKEN_REVOKED")


async def test_a_follower_is_told_that_what_it_sees_grew_stale(database_url: str) -> None:
    async with back_office(database_url, Clock()) as office:
        account = await office.an_account(await office.a_person())
        owner_id, account_id = UUID(account.owner_id), UUID(account.account_id)
        async with office.database.transaction(None) as tx:
            await save_snapshot(tx, a_snapshot(account_id=account_id, owner_id=owner_id))
        fresh_for = HEARTBEATS * HEARTBEAT
        following = Following(
            database=office.database,
            wakeups=office.wakeups,
            feed=office.feed,
            fresh_for=fresh_for,
            now=office.clock,
        )
        async with aclosing(following.follow(owner_id, None, 0)) as events:
            told = [await anext(events)]
            office.clock.go_on(fresh_for + timedelta(seconds=1))
            told.append(await anext(events))
    assert [json.loads(data.partition(b"data: ")[2])["stale"] for data in told] == [False, True]
    assert all(account.account_id.encode() in data for data in told)
