"""What a bridge says is believed only as far as it can know it, and never of others' commands."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from sqlalchemy import delete, func, select, update

from countersign.v1 import approvals_pb2, execution_pb2 as pb
from countersign_server.accounts.tables import accounts
from countersign_server.audit.tables import audit_entries
from countersign_server.devices.tables import leases
from countersign_server.execution.tables import command_reports
from tests.fixtures import channel_stories as stories
from tests.fixtures.bridge_end import (
    BridgeEnd,
    a_deal,
    a_result,
    a_snapshot,
    bridge_end,
    stamp,
)
from tests.fixtures.channel_stories import approved, nothing_found, state_of
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Device, Owner, Producer, World, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    presume_after, doubt_after = timedelta(seconds=1), timedelta(milliseconds=300)
    async with world(
        database_url, tmp_path, doubt_after=doubt_after, presume_after=presume_after
    ) as running:
        yield running


async def passed(seconds: float) -> None:
    """Let real time pass: what is measured here are moments of the bridge's clock."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)

    async def over() -> bool:
        return datetime.now(UTC) > end

    await until(over, "time passes")


async def granted(it: World, owner: Owner, producer: Producer, bridge: BridgeEnd) -> pb.Grant:
    return (await stories.granted(it, owner, producer, bridge))[1]


async def test_nobody_ends_the_doubt_of_another_account(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    bob = await it.an_owner("bob", login=1000002)
    async with bridge_end(it, owner, device) as bridge:
        command_id = (await granted(it, owner, producer, bridge)).command_id
        await bridge.hear("resolve")
        async with bridge_end(it, bob, await it.a_device(bob)) as stranger:
            await passed(1.1)
            last = await stranger.tell("evidence:x", evidence=nothing_found(command_id))
            await stranger.acknowledged(last)
        async with it.database.transaction(None) as tx:
            kept = await tx.scalar(select(func.count()).select_from(command_reports))
        assert kept == 0
        assert await state_of(it, command_id) == "in-doubt"
        own = await bridge.tell("evidence:y", evidence=nothing_found(command_id))
        await bridge.acknowledged(own)

        async def presumed() -> bool:
            return await state_of(it, command_id) == "presumed-not-executed"

        assert await until(presumed, "its own terminal's word ends the doubt")


async def test_evidence_that_ever_showed_a_trace_forbids_presuming(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        traced = (await granted(it, owner, producer, bridge)).command_id
        plain = (await granted(it, owner, producer, bridge)).command_id
        found = nothing_found(traced)
        found.order_tickets.append(7)
        await bridge.tell("evidence:1", evidence=found)

        async def both_in_doubt() -> bool:
            return {await state_of(it, one) for one in (traced, plain)} == {"in-doubt"}

        await until(both_in_doubt, "both are in doubt")
        await passed(1.1)
        await bridge.tell("evidence:2", evidence=nothing_found(traced))
        await bridge.tell("evidence:3", evidence=nothing_found(plain))

        async def presumed() -> bool:
            return await state_of(it, plain) == "presumed-not-executed"

        await until(presumed, "the one without a trace is presumed not executed")
        assert await state_of(it, traced) == "in-doubt"


async def test_not_sent_is_believed_only_of_who_was_granted(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        grant = await granted(it, owner, producer, bridge)
        await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
        await bridge.ended()
    second = await it.a_device(owner)
    lost = a_result(grant, pb.ATTEMPT_OUTCOME_NOT_SENT, grant_id=b"")
    async with bridge_end(it, owner, second) as bridge:
        last = await bridge.tell(f"result:{grant.command_id}:1", result=lost)
        await bridge.acknowledged(last)
    assert await state_of(it, grant.command_id) in ("granted", "in-doubt")


async def test_what_was_sent_without_a_grant_we_know_is_in_doubt_and_never_granted(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        forgotten = pb.Grant(command_id=offer.command_id, attempt=1, grant_id=b"g" * 16)
        last = await bridge.tell(f"result:{offer.command_id}:1", result=a_result(forgotten))
        await bridge.acknowledged(last)
        assert await state_of(it, offer.command_id) == "in-doubt"
        assert (await bridge.claim(offer)).HasField("deny")


async def test_declined_because_it_was_sent_is_doubt_and_not_rejection(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        decline = pb.Decline(
            command_id=offer.command_id, attempt=1, reason="ALREADY_SENT", final=True
        )
        await bridge.acknowledged(await bridge.say(decline=decline))
        assert await state_of(it, offer.command_id) == "in-doubt"


async def test_an_order_cancelled_with_a_part_done_is_a_part_before_its_deal_comes(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        grant = await granted(it, owner, producer, bridge)
        working = a_result(grant, pb.ATTEMPT_OUTCOME_WORKING, deal_ticket=0)
        await bridge.tell(f"result:{grant.command_id}:1", result=working)
        order = pb.OrderReport(
            ticket=401,
            magic=grant.magic,
            symbol="EURUSD",
            state=2,
            type=0,
            volume_initial="0.1",
            volume_current="0.06",
            final=True,
        )
        await bridge.acknowledged(await bridge.tell("order:401:2:0.06", order=order))
        assert await state_of(it, grant.command_id) == "partial"


async def test_a_session_that_has_lost_the_lease_is_granted_nothing(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        async with it.database.transaction(None) as tx:
            await tx.execute(delete(leases))
        with refusal(grpc.StatusCode.ABORTED, "SESSION_HELD"):
            await bridge.claim(offer)
        assert await state_of(it, offer.command_id) == "offered"


async def test_a_denied_claim_makes_room_for_other_offers(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path, offers_at_once=1) as it:
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        async with it.database.transaction(None) as tx:
            await tx.execute(update(accounts).values(max_commands_per_minute=0))
        async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
            first = await approved(it, owner, producer)
            offer = (await bridge.hear("offer")).offer
            assert (await bridge.claim(offer)).deny.reason == "COMMANDS_PER_MINUTE"
            second = await approved(it, owner, producer)
            offered = {(await bridge.hear("offer")).offer.approval_id for _ in range(1)}
            assert offered <= {first.approval_id, second.approval_id}


async def test_positions_that_may_come_count_against_the_limit(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with it.database.transaction(None) as tx:
        await tx.execute(update(accounts).values(max_open_positions=1))
    async with bridge_end(it, owner, device) as bridge:
        await granted(it, owner, producer, bridge)
        await approved(it, owner, producer)
        second = (await bridge.hear("offer")).offer
        assert (await bridge.claim(second)).deny.reason == "OPEN_POSITIONS"


async def test_an_event_that_cannot_be_stored_is_told_and_holds_up_nothing(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        grant = await granted(it, owner, producer, bridge)
        event = pb.Event(natural_key="deal:77", event_time=stamp(), deal=a_deal(grant, ticket=77))
        event.event_time.seconds = 10**13
        await bridge.say(event=event)
        await bridge.acknowledged(await bridge.tell("snapshot:1", snapshot=a_snapshot(1)))
        async with it.database.transaction(None) as tx:
            told = await tx.scalar(
                select(func.count()).where(audit_entries.c.kind == "anomaly.EVENT_REFUSED")
            )
        assert told == 1


async def test_a_revocation_that_came_first_is_not_overwritten_by_the_quarantine(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    approval = await approved(it, owner, producer)
    await it.approvals.RevokeApproval(
        approvals_pb2.RevokeApprovalRequest(approval_id=approval.approval_id),
        metadata=owner.metadata,
    )
    async with bridge_end(it, owner, device, generation_seen=9) as bridge:
        assert bridge.welcome.generation == 9
    assert await state_of(it, approval.command_id) == "revoked"


async def test_doubts_are_listed_in_pages_and_a_token_of_elsewhere_is_refused(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        doubtful = {(await granted(it, owner, producer, bridge)).command_id for _ in range(2)}

        async def page(token: str = "") -> pb.ListInDoubtResponse:
            request = pb.ListInDoubtRequest(page_size=1, page_token=token)
            return await it.execution.ListInDoubt(request, metadata=owner.metadata)

        async def first_of_two() -> pb.ListInDoubtResponse | None:
            answer = await page()
            return answer if answer.next_page_token else None

        first = await until(first_of_two, "both are in doubt")
        assert first is not None
        second = await page(first.next_page_token)
        shown = {one.command_id for one in (*first.commands, *second.commands)}
        assert shown == doubtful
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID"):
            await page("NQ==")
