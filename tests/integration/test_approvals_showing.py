"""What waits, what was decided, and who may see it."""

from collections.abc import AsyncGenerator
from datetime import UTC, timedelta
from hashlib import sha256
from uuid import UUID

import grpc
import pytest

from countersign.v1 import approvals_pb2 as pb
from countersign_server.rpc.caller import Role
from tests.fixtures.desk import Desk, Metadata, open_desk
from tests.fixtures.messages import stamp_of, to_open
from tests.fixtures.refusals import Refusal, refusal_of


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def inbox(desk: Desk, metadata: Metadata, **asked: object) -> pb.ListInboxResponse:
    request = pb.ListInboxRequest(**asked)  # pyright: ignore[reportArgumentType]  # fields of it
    return await desk.approvals.ListInbox(request, metadata=metadata)


async def listed(desk: Desk, metadata: Metadata, **asked: object) -> pb.ListApprovalsResponse:
    request = pb.ListApprovalsRequest(**asked)  # pyright: ignore[reportArgumentType]  # fields of it
    return await desk.approvals.ListApprovals(request, metadata=metadata)


async def delivered_for(desk: Desk, *seconds: int) -> list[str]:
    """Deliver signals that live so many seconds; return their ids."""
    ids: list[str] = []
    for lifetime in seconds:
        expires = stamp_of(desk.clock() + timedelta(seconds=lifetime))
        signal = to_open(desk.clock(), expire_time=expires)
        ids.append(str(await desk.delivered(signal)))
        desk.clock.go_on(timedelta(milliseconds=2))
    return ids


async def test_the_inbox_shows_the_soonest_to_expire_first_and_the_servers_clock(
    desk: Desk,
) -> None:
    owner = await desk.a_follower()
    late, soon, middle = await delivered_for(desk, 300, 60, 120)

    answer = await inbox(desk, owner.metadata)

    assert [one.signal_id for one in answer.approvals] == [soon, middle, late]
    assert answer.server_time.ToDatetime(UTC) == desk.clock()
    assert not answer.next_page_token


async def test_the_inbox_has_only_what_can_still_be_decided(desk: Desk) -> None:
    owner = await desk.a_follower()
    rejected, lapsed, waiting = await delivered_for(desk, 300, 60, 120)
    shown = await desk.laid_before(owner, UUID(rejected))
    await desk.decide(owner, shown, pb.DECISION_REJECT)
    desk.clock.go_on(timedelta(seconds=61))

    answer = await inbox(desk, owner.metadata)

    assert [one.signal_id for one in answer.approvals] == [waiting]
    assert lapsed not in {one.signal_id for one in answer.approvals}


async def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    owner = await desk.a_follower()
    # Two that expire at the same moment stand on different pages.
    ids = await delivered_for(desk, 100, 80, 60, 60, 60)
    for ask, newest_first in ((inbox, False), (listed, True)):
        seen: list[str] = []
        token = ""
        while True:
            answer = await ask(desk, owner.metadata, page_size=2, page_token=token)
            assert len(answer.approvals) <= 2
            seen += [one.signal_id for one in answer.approvals]
            token = answer.next_page_token
            if not token:
                break
        assert sorted(seen) == sorted(ids)
        if newest_first:
            assert seen == ids[::-1]


async def test_a_token_of_another_question_is_refused(desk: Desk) -> None:
    owner = await desk.a_follower()
    await delivered_for(desk, 60, 60)
    token = (await inbox(desk, owner.metadata, page_size=1)).next_page_token
    call = listed(desk, owner.metadata, page_size=1, page_token=token)
    assert (await refusal_of(call)).reason == "PAGE_TOKEN_INVALID"


async def test_lists_are_narrowed_by_state_account_and_signal(desk: Desk) -> None:
    owner = await desk.a_follower()
    first, second = await delivered_for(desk, 60, 60)
    shown = await desk.laid_before(owner, UUID(first))
    await desk.decide(owner, shown, pb.DECISION_REJECT)

    async def signals(**asked: object) -> list[str]:
        answer = await listed(desk, owner.metadata, **asked)
        return [one.signal_id for one in answer.approvals]

    assert await signals(states=[pb.APPROVAL_STATE_REJECTED]) == [first]
    assert await signals(states=[pb.APPROVAL_STATE_PENDING]) == [second]
    assert await signals(signal_id=second) == [second]
    assert await signals(account_id=str(owner.account.id)) == [second, first]
    assert await signals(account_id=str(owner.owner_id)) == []
    unnamed = await refusal_of(signals(states=[pb.APPROVAL_STATE_UNSPECIFIED]))
    assert unnamed == Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID")


async def test_nobody_sees_anothers_and_an_operator_sees_all(desk: Desk) -> None:
    one, other = await desk.a_follower(), await desk.a_follower()
    _, operator = await desk.an_owner(Role.OPERATOR)
    await delivered_for(desk, 60)

    for owner in (one, other):
        for answer in (await listed(desk, owner.metadata), await inbox(desk, owner.metadata)):
            (mine,) = answer.approvals
            assert mine.account_id == str(owner.account.id)
        foreign = await listed(desk, owner.metadata, account_id=str(_other(owner, one, other)))
        assert not foreign.approvals
    everything = await listed(desk, operator)
    assert {entry.account_id for entry in everything.approvals} == {
        str(one.account.id),
        str(other.account.id),
    }
    got = await desk.approvals.GetApproval(
        pb.GetApprovalRequest(approval_id=everything.approvals[0].approval_id), metadata=operator
    )
    assert got.approval == everything.approvals[0]


async def test_an_operator_decides_nothing(desk: Desk) -> None:
    owner = await desk.a_follower()
    _, operator = await desk.an_owner(Role.OPERATOR)
    (signal_id,) = await delivered_for(desk, 60)
    shown = await desk.laid_before(owner, UUID(signal_id))
    for call in (
        desk.approvals.CreateApproval(
            pb.CreateApprovalRequest(
                signal_id=signal_id, account_id=shown.account_id, decision=pb.DECISION_REJECT
            ),
            metadata=operator,
        ),
        desk.approvals.RevokeApproval(
            pb.RevokeApprovalRequest(approval_id=shown.approval_id), metadata=operator
        ),
        desk.approvals.ListInbox(pb.ListInboxRequest(), metadata=operator),
    ):
        assert (await refusal_of(call)).code is grpc.StatusCode.PERMISSION_DENIED


async def test_the_fields_beside_the_text_say_the_same_as_the_text(desk: Desk) -> None:
    owner = await desk.a_follower()
    (signal_id,) = await delivered_for(desk, 60)
    intent = (await desk.laid_before(owner, UUID(signal_id))).intent
    lines = dict(line.split(": ", 1) for line in intent.text.splitlines()[1:])
    assert intent.digest == sha256(intent.text.encode()).hexdigest()
    assert lines["volume"] == intent.volume
    assert (lines["price-min"], lines["price-max"]) == (intent.price_min, intent.price_max)
    assert (lines["stop-loss"], lines["take-profit"]) == (intent.stop_loss, intent.take_profit)
    assert (lines["instrument"], lines["symbol"]) == (intent.instrument, intent.symbol)
    expires = intent.expire_time.ToDatetime(UTC).isoformat(timespec="milliseconds")
    assert lines["expires"] == expires.replace("+00:00", "Z")


def _other(owner: object, one: object, other: object) -> UUID:
    return (other if owner is one else one).account.id  # type: ignore[attr-defined]
