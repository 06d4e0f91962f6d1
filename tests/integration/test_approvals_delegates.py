"""Letting others decide: for the accounts that they were given, as long as it holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from countersign.v1 import accounts_pb2, approvals_pb2, audit_pb2
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Metadata, Owner, World, a_signal, world

APPROVED, REJECTED = approvals_pb2.APPROVAL_STATE_APPROVED, approvals_pb2.APPROVAL_STATE_REJECTED


@dataclass(frozen=True, slots=True)
class Scene:
    """ann's signals wait; bob may be let decide, carol never is."""

    it: World
    ann: Owner
    bob: Owner
    carol: Owner
    entries: list[approvals_pb2.Approval]


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path) as it:
        people = [
            await it.an_owner(name, 1000001 + n) for n, name in enumerate(("ann", "bob", "carol"))
        ]
        ann, bob, carol = people
        strategy = await it.a_producer(ann)
        await it.follow(ann, strategy)
        await it.tell_prices(ann)
        signals = [await it.submit(strategy, a_signal()) for _ in range(2)]
        entries = [await it.entry(ann, signal_id) for signal_id in signals]
        yield Scene(it, ann, bob, carol, entries)


async def grant(scene: Scene, who: Owner, **changes: str) -> approvals_pb2.Delegate:
    given = {"account_id": scene.ann.account_id, "user_id": who.id} | changes
    answer = await scene.it.approvals.GrantDelegate(
        approvals_pb2.GrantDelegateRequest(**given), metadata=scene.ann.metadata
    )
    return answer.delegate


async def revoke(scene: Scene, delegate_id: str, metadata: Metadata) -> approvals_pb2.Delegate:
    request = approvals_pb2.RevokeDelegateRequest(delegate_id=delegate_id)
    return (await scene.it.approvals.RevokeDelegate(request, metadata=metadata)).delegate


async def inbox(scene: Scene, who: Owner) -> list[str]:
    answer = await scene.it.approvals.ListDelegatedInbox(
        approvals_pb2.ListDelegatedInboxRequest(), metadata=who.metadata
    )
    return [entry.approval_id for entry in answer.approvals]


async def listed(scene: Scene, who: Metadata) -> list[approvals_pb2.Delegate]:
    answer = await scene.it.approvals.ListDelegates(
        approvals_pb2.ListDelegatesRequest(), metadata=who
    )
    return list(answer.delegates)


async def test_a_delegate_sees_what_waits_and_decides_and_both_are_named(scene: Scene) -> None:
    await grant(scene, scene.bob)
    first, second = scene.entries
    assert await inbox(scene, scene.bob) == [first.approval_id, second.approval_id]
    shown = await scene.it.approvals.GetApproval(
        approvals_pb2.GetApprovalRequest(approval_id=first.approval_id),
        metadata=scene.bob.metadata,
    )
    assert shown.approval.intent == first.intent

    approved = await scene.it.decide(scene.bob, first)
    rejected = await scene.it.decide(scene.bob, second, approve=False)

    assert (approved.state, rejected.state) == (APPROVED, REJECTED)
    assert approved.command_id
    assert await inbox(scene, scene.bob) == []
    kept = await scene.it.entry(scene.ann, first.signal_id)
    assert kept.decided_by == scene.bob.id
    told = await audit(scene, "approval.approved")
    assert [(entry.actor, entry.account_id) for entry in told] == [
        (f"user:{scene.bob.id}", scene.ann.account_id)
    ]


async def audit(scene: Scene, kind: str) -> list[Any]:
    async def entries() -> list[Any]:
        answer = await scene.it.audit.ListAuditEntries(
            audit_pb2.ListAuditEntriesRequest(kind_prefix=kind), metadata=scene.ann.metadata
        )
        return list(answer.entries)

    return await until(entries, "the audit tells of it")


async def test_nobody_decides_for_an_account_that_they_were_not_given(scene: Scene) -> None:
    await grant(scene, scene.bob)
    assert await inbox(scene, scene.carol) == []
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await scene.it.decide(scene.carol, scene.entries[0])
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await scene.it.approvals.GetApproval(
            approvals_pb2.GetApprovalRequest(approval_id=scene.entries[0].approval_id),
            metadata=scene.carol.metadata,
        )


async def test_a_delegate_of_one_account_sees_nothing_of_the_owners_other(scene: Scene) -> None:
    other = accounts_pb2.CreateAccountRequest(name="other", fingerprint=scene.ann.fingerprint)
    other.fingerprint.login = 1000009
    made = await scene.it.accounts.CreateAccount(other, metadata=scene.ann.metadata)
    await grant(scene, scene.bob, account_id=made.account.account_id)

    assert await inbox(scene, scene.bob) == []
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await scene.it.decide(scene.bob, scene.entries[0])
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await scene.it.approvals.GetApproval(
            approvals_pb2.GetApprovalRequest(approval_id=scene.entries[0].approval_id),
            metadata=scene.bob.metadata,
        )


async def test_a_delegate_that_is_revoked_decides_no_more(scene: Scene) -> None:
    made = await grant(scene, scene.bob)
    ended = await revoke(scene, made.delegate_id, scene.ann.metadata)
    assert ended.HasField("revoke_time")
    assert await revoke(scene, made.delegate_id, scene.ann.metadata) == ended

    assert await inbox(scene, scene.bob) == []
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await scene.it.decide(scene.bob, scene.entries[0])
    again = await grant(scene, scene.bob)
    assert again.delegate_id != made.delegate_id
    assert (await scene.it.decide(scene.bob, scene.entries[0])).state == APPROVED


async def test_only_the_accounts_owner_lets_others_decide_and_ends_it(scene: Scene) -> None:
    made = await grant(scene, scene.bob)
    assert await grant(scene, scene.bob) == made
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await grant(scene, scene.carol, account_id=scene.bob.account_id)
    for stranger in (scene.bob, scene.carol):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await revoke(scene, made.delegate_id, stranger.metadata)
    assert await inbox(scene, scene.bob)


async def test_both_sides_see_the_delegate_and_nobody_else_does(scene: Scene) -> None:
    made = await grant(scene, scene.bob)
    assert await listed(scene, scene.ann.metadata) == [made]
    assert await listed(scene, scene.bob.metadata) == [made]
    assert await listed(scene, scene.carol.metadata) == []
    assert await listed(scene, scene.it.operator) == [made]


async def test_a_delegate_must_be_another_user_who_may_own_accounts(scene: Scene) -> None:
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await grant(scene, scene.ann)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await grant(scene, scene.bob, user_id=scene.bob.account_id)


async def test_granting_and_revoking_are_in_the_audit_once_each(scene: Scene) -> None:
    granted = await grant(scene, scene.bob)
    assert (await grant(scene, scene.bob)) == granted
    await revoke(scene, granted.delegate_id, scene.ann.metadata)

    assert len(await audit(scene, "delegate.revoked")) == 1
    assert [one.actor for one in await audit(scene, "delegate.granted")] == [f"user:{scene.ann.id}"]
