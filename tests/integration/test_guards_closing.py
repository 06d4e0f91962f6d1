"""From a breach to a flat account: announced, closed by commands, latched, reset by a person."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from sqlalchemy import select

from countersign.v1 import audit_pb2, execution_pb2 as pb, guards_pb2
from countersign_server.accounts.tables import snapshots
from countersign_server.database.engine import Database
from countersign_server.guards.attending import Attendant
from countersign_server.guards.closer import Closer
from countersign_server.guards.sql_book import SqlGuardBooks
from countersign_server.guards.store import hold_guard
from countersign_server.guards.tables import guards
from tests.fixtures.bridge_end import BridgeEnd, a_deal, a_result, a_snapshot, bridge_end
from tests.fixtures.guarded_world import (
    ACTIVE,
    ANNOUNCED,
    CLOSE_ONLY,
    FLATTENING,
    HALTED,
    a_closing_deal,
    a_payment,
    alerts,
    begin,
    events,
    guard,
    in_state,
    put_policy,
    reset,
    show,
)
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.waiting import until
from tests.fixtures.world import Metadata, Owner, World, a_signal, world

DONE, FAILED = guards_pb2.GUARD_CLOSE_STATE_DONE, guards_pb2.GUARD_CLOSE_STATE_FAILED


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def test_a_breach_closes_every_position_and_latches_until_a_person_resets_it(
    it: World,
) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        offer = (await bridge.hear("offer")).offer
        assert "kind: close" in offer.intent_text
        assert f"approval: {offer.command_id}" in offer.intent_text
        assert (offer.approval_id, offer.target.position_id) == (offer.command_id, 401)
        grant = (await bridge.claim(offer)).grant
        await bridge.tell("deal:502", deal=a_closing_deal(grant))
        await show(bridge, "7900", 3, balance="7900", positions=False)
        assert (await in_state(it, owner, HALTED)).latch.cause == "drawdown"
    (alert,) = await alerts(it, owner)
    assert alert.HasField("end_time")
    assert (alert.cause, alert.result.amount) == ("drawdown", "-2100")
    assert [one.state for one in alert.closings] == [DONE]
    still_broken = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "LIMIT_STILL_BROKEN")
    assert await refusal_of(reset(it, owner, accept_loss=False)) == still_broken
    assert (await reset(it, owner)).guard.state == ACTIVE
    assert (await reset(it, owner)).guard.latch.resets == 1, "a repeat answers the same"
    changed = Refusal(grpc.StatusCode.ABORTED, "GUARD_CHANGED")
    assert await refusal_of(reset(it, owner, resets=7)) == changed


async def test_what_is_open_on_an_account_that_a_person_halted_is_closed_by_a_breach(
    it: World,
) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await it.guards.PullKillSwitch(
            guards_pb2.PullKillSwitchRequest(
                account_id=owner.account_id, state=HALTED, reason="news"
            ),
            metadata=owner.metadata,
        )
        await in_state(it, owner, HALTED)
        await show(bridge, "7900", 2)
        offer = (await bridge.hear("offer")).offer
        assert "kind: close" in offer.intent_text
        grant = (await bridge.claim(offer)).grant
        await bridge.tell("deal:502", deal=a_closing_deal(grant))
        await show(bridge, "7900", 3, balance="7900", positions=False)
        assert (await in_state(it, owner, HALTED)).latch.cause == "drawdown"
    (alert,) = await alerts(it, owner)
    assert (alert.cause, [one.state for one in alert.closings]) == ("drawdown", [DONE])


async def test_a_loss_at_a_price_that_is_not_to_be_trusted_is_not_closed_until_it_lasts(
    it: World,
) -> None:
    doubting = ANNOUNCED.replace(
        '"patience":{',
        '"market":{"spread":"0.001"},"patience":{"suspect_persistence_seconds":600,',
    )

    async def is_seen_at(equity: str) -> bool:
        return [one.value for one in (await guard(it, owner)).standings] == [equity]

    async def counts_down() -> bool:
        return (await guard(it, owner)).HasField("countdown")

    owner = await it.an_owner()
    await put_policy(it, owner, doubting)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await it.tell_prices(owner, bid="1.0644", ask="1.0845")
        for revision, equity in enumerate(("7900", "7800"), start=2):
            await show(bridge, equity, revision)
            await until(partial(is_seen_at, equity), "the loss has been judged", 60)
        assert not await counts_down()

        await it.tell_prices(owner, bid="1.0644", ask="1.0645")
        await show(bridge, "7900", 4)
        await until(counts_down, "a loss at a sound price is announced", 60)


async def test_a_close_that_failed_is_a_new_command_and_told(it: World) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        first = (await bridge.hear("offer")).offer
        grant = (await bridge.claim(first)).grant
        rejected = a_result(grant, pb.ATTEMPT_OUTCOME_REJECTED, reason="MARKET_CLOSED")
        told = await bridge.tell(f"result:{grant.command_id}:1", result=rejected)
        await bridge.acknowledged(told)
        assert (await in_state(it, owner, FLATTENING)).closings[0].state == FAILED
        await show(bridge, "7900", 3)
        while (again := (await bridge.hear("offer")).offer).command_id == first.command_id:
            pass
        assert (await bridge.claim(again)).HasField("grant")
    (alert,) = await alerts(it, owner)
    assert [(one.state, one.reason) for one in alert.closings] == [
        (FAILED, "MARKET_CLOSED"),
        (guards_pb2.GUARD_CLOSE_STATE_UNDER_WAY, ""),
    ]
    assert "guard.closing_failed" in await audit_of(it, owner.metadata)


async def test_nothing_is_closed_twice_while_nobody_knows_what_became_of_the_first(
    it: World,
) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        grant = (await bridge.claim((await bridge.hear("offer")).offer)).grant
        doubt = a_result(grant, pb.ATTEMPT_OUTCOME_IN_DOUBT, reason="TIMEOUT")
        await bridge.tell(f"result:{grant.command_id}:1", result=doubt)
        for revision in range(3, 6):
            await show(bridge, str(7900 - revision), revision)
            await until(lambda: judged_at(it, owner.account_id), "the view has been judged")
        (alert,) = await alerts(it, owner)
        assert [one.state for one in alert.closings] == [guards_pb2.GUARD_CLOSE_STATE_IN_DOUBT]


async def test_an_owner_calls_off_what_is_announced_and_nothing_is_closed(it: World) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner, ANNOUNCED)
    no_closing = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "NO_CLOSING")
    request = guards_pb2.CallOffClosingRequest(guard_id=owner.account_id, reason="hedged")
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        assert (
            await refusal_of(it.guards.CallOffClosing(request, metadata=owner.metadata))
        ) == no_closing
        await show(bridge, "7900", 2)
        announced = await in_state(it, owner, CLOSE_ONLY)
        assert announced.countdown.rule_id == "drawdown"
        called = await it.guards.CallOffClosing(request, metadata=owner.metadata)
        again = await it.guards.CallOffClosing(request, metadata=owner.metadata)
        assert called.guard.latch == again.guard.latch
        assert not called.guard.HasField("countdown")
        held = (await bridge.hear("guard")).guard
        while not held.latch.called_off:
            held = (await bridge.hear("guard")).guard
        assert (list(held.latch.called_off), held.latch.resets) == (["drawdown"], 1)
        await show(bridge, "7000", 3)
        await until(lambda: judged_at(it, owner.account_id), "the view has been judged")
        assert (await guard(it, owner)).state == CLOSE_ONLY
    assert await alerts(it, owner) == []
    assert {one.act for one in await events(it, owner)} >= {
        guards_pb2.GUARD_ACT_CLOSING_ANNOUNCED,
        guards_pb2.GUARD_ACT_CLOSING_CALLED_OFF,
    }


async def test_a_withdrawal_is_no_loss(it: World) -> None:
    owner = await it.an_owner()
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await bridge.tell("deal:2", deal=a_payment(2, "-5000"))
        await show(bridge, "5000", 2, balance="5000")
        await until(lambda: stands_at(it, owner, "5000"), "the withdrawal has been judged")
        one = await guard(it, owner)
    assert (one.state, one.standings[0].reference) == (ACTIVE, "5000")


async def test_of_two_processes_that_judge_one_account_one_closes(
    it: World, database_url: str
) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    database = Database(database_url, connections=4)
    others = [an_attendant(database) for _ in range(3)]
    account_id, owner_id = UUID(owner.account_id), UUID(owner.id)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        await asyncio.gather(*(one.attend(account_id, owner_id) for one in others * 3))
        await in_state(it, owner, FLATTENING)
        async with database.transaction(None) as tx:
            assert await hold_guard(tx, account_id, owner_id, wait=False)
            assert not await others[0].attend(account_id, owner_id), "it is held"
    await database.close()
    (alert,) = await alerts(it, owner)
    assert len(alert.closings) == 1


async def test_a_mandate_that_ends_closes_what_it_opened_and_nothing_else(it: World) -> None:
    owner = await it.an_owner()
    strategy = await it.a_producer(owner)
    await it.follow(owner, strategy, close_on_expiry=True)
    await it.tell_prices(owner)
    signal = a_signal()
    signal.expire_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=4))
    signal_id = await it.submit(strategy, signal)
    await it.decide(owner, await it.entry(owner, signal_id))
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        opening = (await bridge.hear("offer")).offer
        grant = (await bridge.claim(opening)).grant
        await bridge.tell(f"result:{grant.command_id}:1", result=a_result(grant))
        await bridge.tell("deal:501", deal=a_deal(grant))
        revision, offered = 1, asyncio.create_task(bridge.hear("offer"))
        while not offered.done():
            # As a bridge does: what has not changed is told again.
            await tell_position(bridge, grant.magic, revision)
            revision += 1
            await asyncio.wait([offered], timeout=0.2)
        close = (await offered).offer
    assert "kind: close" in close.intent_text
    assert f"opening-approval: {opening.approval_id}" in close.intent_text
    assert (await guard(it, owner)).state == ACTIVE
    assert [one.cause for one in (await guard(it, owner)).closings] == ["mandate-expired"]


async def test_a_close_that_waits_for_the_market_says_so_and_is_offered_again(it: World) -> None:
    owner = await it.an_owner()
    await it.tell_prices(owner)
    await put_policy(it, owner)
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        await begin(it, owner, bridge)
        await show(bridge, "7900", 2)
        offer = (await bridge.hear("offer")).offer
        closed = pb.Decline(command_id=offer.command_id, attempt=1, reason="MARKET_CLOSED")
        await bridge.acknowledged(await bridge.say(decline=closed))
        (waiting,) = (await guard(it, owner)).closings
        assert (waiting.state, waiting.reason) == (
            guards_pb2.GUARD_CLOSE_STATE_UNDER_WAY,
            "MARKET_CLOSED",
        )
        again = (await bridge.hear("offer")).offer
        assert again.command_id == offer.command_id
        assert (await bridge.claim(again)).HasField("grant")


async def test_a_switch_that_flattens_a_producer_closes_what_its_signals_opened_only(
    it: World,
) -> None:
    owner = await it.an_owner()
    strategy = await it.a_producer(owner)
    await it.follow(owner, strategy)
    await it.tell_prices(owner)
    signal_id = await it.submit(strategy, a_signal())
    await it.decide(owner, await it.entry(owner, signal_id))
    async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
        grant = (await bridge.claim((await bridge.hear("offer")).offer)).grant
        await bridge.tell(f"result:{grant.command_id}:1", result=a_result(grant))
        await bridge.tell("deal:501", deal=a_deal(grant))
        pulled = guards_pb2.PullKillSwitchRequest(
            producer_id=strategy.id, state=FLATTENING, reason="broken"
        )
        await it.guards.PullKillSwitch(pulled, metadata=owner.metadata)
        snapshot = a_snapshot(1)
        snapshot.positions[0].magic = grant.magic
        by_hand = snapshot.positions.add()
        by_hand.CopyFrom(snapshot.positions[0])
        by_hand.ticket, by_hand.identifier, by_hand.magic = 900, 900, 0
        await bridge.tell("snapshot:1", snapshot=snapshot)
        close = (await bridge.hear("offer")).offer
        assert "kind: close" in close.intent_text
        (closing,) = (await guard(it, owner)).closings
    assert (closing.position_id, closing.cause) == (401, "kill-switch")
    assert (await guard(it, owner)).state == ACTIVE


async def judged_at(it: World, account_id: str) -> bool:
    """Whether the newest snapshot has been judged."""
    async with it.database.transaction(None) as tx:
        newest = await tx.scalar(
            select(snapshots.c.received_at).where(snapshots.c.account_id == UUID(account_id))
        )
        judged = await tx.scalar(
            select(guards.c.viewed_at).where(guards.c.account_id == UUID(account_id))
        )
    return newest == judged


async def stands_at(it: World, owner: Owner, value: str) -> bool:
    one = await guard(it, owner)
    return bool(one.standings) and one.standings[0].value == value


def an_attendant(database: Database) -> Attendant:
    """One more process that judges accounts."""
    return Attendant(
        books=SqlGuardBooks(database),
        ring=lambda *_: None,
        closer=Closer(sign=lambda _: ("key", bytes(64)), close_within=timedelta(seconds=30)),
        fresh_for=timedelta(seconds=15),
        now=lambda: datetime.now(UTC),
    )


async def tell_position(bridge: BridgeEnd, magic: int, revision: int) -> None:
    snapshot = a_snapshot(revision)
    snapshot.positions[0].magic = magic
    await bridge.tell(f"snapshot:{revision}", snapshot=snapshot)


async def audit_of(it: World, metadata: Metadata) -> set[str]:
    answer = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(page_size=500), metadata=metadata
    )
    return {entry.kind for entry in answer.entries}
