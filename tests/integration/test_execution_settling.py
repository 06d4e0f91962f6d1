"""A person settles what nobody knows: asked twice, on record, and never against the evidence."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from sqlalchemy import update

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.tables import accounts
from tests.fixtures.bridge_end import BridgeEnd, a_deal, a_result, a_snapshot, bridge_end
from tests.fixtures.channel_stories import (
    approved,
    audit_kinds,
    becomes,
    command_of,
    granted,
    nothing_found,
    state_of,
)
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Device, Metadata, Owner, Producer, World, world

NOT_EXECUTED, EXECUTED = pb.SETTLEMENT_NOT_EXECUTED, pb.SETTLEMENT_EXECUTED
CLOSE = pb.SETTLEMENT_CLOSE_EXPOSURE


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    presume_after, doubt_after = timedelta(seconds=1), timedelta(milliseconds=300)
    async with world(
        database_url, tmp_path, doubt_after=doubt_after, presume_after=presume_after
    ) as running:
        yield running


@pytest.fixture
async def bridge(it: World, owner: Owner, device: Device) -> AsyncIterator[BridgeEnd]:
    async with bridge_end(it, owner, device) as end:
        yield end


@pytest.fixture
async def doubt(it: World, owner: Owner, producer: Producer, bridge: BridgeEnd) -> pb.Grant:
    """The grant of a command that came to nothing anybody knows of."""
    _, grant = await granted(it, owner, producer, bridge)
    await becomes(it, grant.command_id, "in-doubt")
    return grant


async def settle(  # noqa: PLR0913  # the fields of the request
    it: World,
    owner: Owner,
    command_id: str,
    settlement: pb.Settlement,
    *,
    token: str = "",
    ticket: int = 0,
    reason: str = "asked the broker",
    metadata: Metadata | None = None,
) -> pb.SettleInDoubtResponse:
    request = pb.SettleInDoubtRequest(
        command_id=command_id,
        settlement=settlement,
        ticket=ticket,
        reason=reason,
        confirmation_token=token,
    )
    return await it.execution.SettleInDoubt(request, metadata=metadata or owner.metadata)


async def settled(it: World, owner: Owner, command_id: str, settlement: Any, **words: Any) -> Any:
    """Ask, and confirm."""
    asked = await settle(it, owner, command_id, settlement, **words)
    return await settle(it, owner, command_id, settlement, token=asked.confirmation_token, **words)


async def evidence_of(it: World, owner: Owner, command_id: str) -> pb.GetEvidenceResponse:
    return await it.execution.GetEvidence(
        pb.GetEvidenceRequest(command_id=command_id), metadata=owner.metadata
    )


async def doubts(it: World, owner: Owner) -> set[str]:
    answer = await it.execution.ListInDoubt(pb.ListInDoubtRequest(), metadata=owner.metadata)
    return {command.command_id for command in answer.commands}


async def test_the_first_word_says_what_would_be_done_and_does_nothing(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    asked = await settle(it, owner, doubt.command_id, NOT_EXECUTED)
    assert asked.confirmation_token
    assert "as not executed" in asked.plan
    assert asked.command.settled_as == pb.SETTLEMENT_UNSPECIFIED
    assert await doubts(it, owner) == {doubt.command_id}


async def test_the_second_word_marks_and_leaves_the_state_as_it_was(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    done = await settled(it, owner, doubt.command_id, NOT_EXECUTED)
    assert (done.confirmation_token, done.command.settled_as) == ("", NOT_EXECUTED)
    assert done.command.state == pb.COMMAND_STATE_IN_DOUBT
    assert await doubts(it, owner) == set()
    known = await evidence_of(it, owner, doubt.command_id)
    (said,) = known.settlements
    assert (said.settlement, said.reason, said.actor) == (
        NOT_EXECUTED,
        "asked the broker",
        f"user:{owner.id}",
    )
    kinds = await audit_kinds(it, doubt.command_id)
    assert kinds[-2:] == ["command.settlement_asked", "command.settled"]


async def test_a_repeat_of_the_second_word_answers_the_same_and_says_nothing_twice(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    asked = await settle(it, owner, doubt.command_id, CLOSE)
    first, second = [
        await settle(it, owner, doubt.command_id, CLOSE, token=asked.confirmation_token)
        for _ in range(2)
    ]
    assert first.close_command_id == second.close_command_id != ""
    assert len((await evidence_of(it, owner, doubt.command_id)).settlements) == 1


@pytest.mark.parametrize(
    "changed",
    [{"settlement": EXECUTED, "ticket": 501}, {"reason": "another"}, {"token": "1.00"}],
    ids=["another mark", "other words", "no token of ours"],
)
async def test_a_token_confirms_its_own_wish_only(
    it: World, owner: Owner, doubt: pb.Grant, changed: dict[str, Any]
) -> None:
    asked = await settle(it, owner, doubt.command_id, NOT_EXECUTED)
    wish: dict[str, Any] = {
        "settlement": NOT_EXECUTED,
        "token": asked.confirmation_token,
        **changed,
    }
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONFIRMATION_STALE"):
        await settle(it, owner, doubt.command_id, **wish)


async def test_a_token_is_over_when_the_command_has_moved(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    asked = await settle(it, owner, doubt.command_id, NOT_EXECUTED)
    await bridge.hear("resolve")

    async def presumed() -> bool:
        name = f"evidence:{bridge.sequence}"
        await bridge.acknowledged(await bridge.tell(name, evidence=nothing_found(doubt.command_id)))
        return await state_of(it, doubt.command_id) == "presumed-not-executed"

    await until(presumed, "it is presumed not executed")
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONFIRMATION_STALE"):
        await settle(it, owner, doubt.command_id, NOT_EXECUTED, token=asked.confirmation_token)
    # What is presumed waits for a person, too.
    done = await settled(it, owner, doubt.command_id, NOT_EXECUTED)
    assert done.command.state == pb.COMMAND_STATE_PRESUMED_NOT_EXECUTED


async def test_only_its_owner_settles_and_an_operator_may_look(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"):
        await settle(it, owner, doubt.command_id, NOT_EXECUTED, metadata=it.operator)
    bob = await it.an_owner("bob", login=1000002)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await settle(it, bob, doubt.command_id, NOT_EXECUTED)
    known = await it.execution.GetEvidence(
        pb.GetEvidenceRequest(command_id=doubt.command_id), metadata=it.operator
    )
    assert known.command.command_id == doubt.command_id


@pytest.mark.parametrize(("settlement", "ticket"), [(EXECUTED, 0), (NOT_EXECUTED, 7)])
async def test_a_ticket_is_given_for_executed_and_only_then(
    it: World, owner: Owner, doubt: pb.Grant, settlement: Any, ticket: int
) -> None:
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await settle(it, owner, doubt.command_id, settlement, ticket=ticket)


async def test_what_nobody_doubts_is_not_settled(
    it: World, owner: Owner, producer: Producer
) -> None:
    waiting = await approved(it, owner, producer)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "NOT_IN_DOUBT"):
        await settle(it, owner, waiting.command_id, NOT_EXECUTED)


async def test_while_in_doubt_the_same_symbol_and_direction_opens_nothing_until_it_is_settled(
    it: World, owner: Owner, producer: Producer, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    held = await approved(it, owner, producer)
    waiting = await command_of(it, owner, held.signal_id)
    assert waiting.held_by_command_id == doubt.command_id
    unoffered = pb.Offer(command_id=held.command_id, attempt=1)
    assert (await bridge.claim(unoffered)).deny.reason in ("NOT_OFFERED", "HELD_BY_DOUBT")
    await settled(it, owner, doubt.command_id, NOT_EXECUTED)
    offer = (await bridge.hear("offer")).offer
    assert offer.command_id == held.command_id
    assert (await bridge.claim(offer)).HasField("grant")


async def test_an_opening_offered_before_the_doubt_is_denied_while_it_lasts(
    it: World, owner: Owner, producer: Producer, bridge: BridgeEnd
) -> None:
    _, grant = await granted(it, owner, producer, bridge)
    await approved(it, owner, producer)
    offer = (await bridge.hear("offer")).offer
    in_doubt = a_result(grant, pb.ATTEMPT_OUTCOME_IN_DOUBT)
    await bridge.acknowledged(await bridge.tell(f"result:{grant.command_id}:1", result=in_doubt))
    assert (await bridge.claim(offer)).deny.reason == "HELD_BY_DOUBT"


async def test_a_deal_that_comes_after_a_mark_beats_it_and_is_an_anomaly(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    await settled(it, owner, doubt.command_id, NOT_EXECUTED)
    await bridge.acknowledged(await bridge.tell("deal:501", deal=a_deal(doubt)))
    assert await state_of(it, doubt.command_id) == "executed"
    assert "anomaly.EVIDENCE_CONTRADICTS_STATE" in await audit_kinds(it, doubt.command_id)
    assert len((await evidence_of(it, owner, doubt.command_id)).settlements) == 1


async def test_a_trace_that_comes_after_a_mark_opens_the_doubt_again(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    await settled(it, owner, doubt.command_id, NOT_EXECUTED)
    found = nothing_found(doubt.command_id)
    found.order_tickets.append(401)
    await bridge.acknowledged(await bridge.tell("evidence:late", evidence=found))
    assert await doubts(it, owner) == {doubt.command_id}
    assert "anomaly.EVIDENCE_CONTRADICTS_STATE" in await audit_kinds(it, doubt.command_id)


async def test_a_bridge_that_says_not_sent_after_executed_was_marked_is_an_anomaly(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    await settled(it, owner, doubt.command_id, EXECUTED, ticket=501)
    unsent = a_result(doubt, pb.ATTEMPT_OUTCOME_NOT_SENT)
    await bridge.acknowledged(await bridge.tell(f"result:{doubt.command_id}:1", result=unsent))
    assert await state_of(it, doubt.command_id) == "not-sent"
    assert "anomaly.EVIDENCE_CONTRADICTS_STATE" in await audit_kinds(it, doubt.command_id)


async def test_closing_exposure_is_a_command_of_its_own_that_is_offered_claimed_and_granted(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    done = await settled(it, owner, doubt.command_id, CLOSE)
    offer = (await bridge.hear("offer")).offer
    assert offer.command_id == done.close_command_id
    lines = offer.intent_text.splitlines()
    assert {"kind: close", "side: buy", "volume: 0.1", "entry: market"} <= set(lines)
    assert f"approval: {offer.approval_id}" in lines
    assert offer.target.opening_magic == doubt.magic
    closing = (await bridge.claim(offer)).grant
    assert closing.command_id == done.close_command_id
    known = await evidence_of(it, owner, doubt.command_id)
    assert known.settlements[0].close_command_id == done.close_command_id
    # It says nothing of what happened.
    assert await doubts(it, owner) == {doubt.command_id}


async def test_of_closes_of_one_exposure_one_is_under_way_at_a_time(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    await settled(it, owner, doubt.command_id, CLOSE)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CLOSE_UNDER_WAY"):
        await settle(it, owner, doubt.command_id, CLOSE)


async def test_on_a_netting_account_nothing_is_closed_that_the_command_is_not_shown_to_have_opened(
    it: World, owner: Owner, doubt: pb.Grant
) -> None:
    async with it.database.transaction(None) as tx:
        mine = accounts.c.id == UUID(owner.account_id)
        await tx.execute(update(accounts).where(mine).values(margin_mode="netting"))
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "EXPOSURE_NOT_SHOWN"):
        await settle(it, owner, doubt.command_id, CLOSE)


async def test_evidence_is_whole_and_in_words(
    it: World, owner: Owner, bridge: BridgeEnd, doubt: pb.Grant
) -> None:
    shown = nothing_found(doubt.command_id)
    shown.order_tickets.append(401)
    snapshot = a_snapshot(1)
    snapshot.positions[0].magic = doubt.magic
    intent = pb.IntentRecorded(
        command_id=doubt.command_id,
        attempt=1,
        grant_id=doubt.grant_id,
        request_sha256="0" * 64,
    )
    order = pb.OrderReport(
        ticket=401, magic=doubt.magic, symbol="EURUSD", state=1, type=0,
        volume_initial="0.1", volume_current="0.1",
    )  # fmt: skip
    await bridge.tell(f"intent:{doubt.command_id}:1", intent=intent)
    await bridge.tell("order:401:1", order=order)
    await bridge.tell("snapshot:1", snapshot=snapshot)
    await bridge.acknowledged(await bridge.tell("evidence:1", evidence=shown))
    known = await evidence_of(it, owner, doubt.command_id)
    assert known.HasField("intent_time")
    assert [one.ticket for one in known.orders] == [401]
    assert [one.magic for one in known.positions] == [doubt.magic]
    assert known.snapshot_connected
    for words in ("1 orders (401)", f"{doubt.magic:x}", "add up to the balance", "sends at"):
        assert words in known.summary
