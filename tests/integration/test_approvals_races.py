"""Decisions that meet: exactly one holds, and whoever is answered yes finds exactly one command."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from sqlalchemy import select, text

from countersign.v1 import approvals_pb2 as pb
from countersign_server.approvals.loop import Expiry
from countersign_server.approvals.tables import approvals
from countersign_server.audit.entries import Trace
from countersign_server.execution.claim import Claim
from countersign_server.execution.grants import Granted, grant
from countersign_server.execution.sql_book import SqlBook
from countersign_server.execution.transitions import mark_offered
from tests.fixtures.clock import Clock
from tests.fixtures.desk import Desk, Followed, open_desk
from tests.fixtures.refusals import refusal_of

ROUNDS = 15
TRACE = Trace(actor="system:test")


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


@pytest.fixture
async def owner(desk: Desk) -> Followed:
    return await desk.a_follower()


async def outcome_of(call: Coroutine[Any, Any, pb.Approval]) -> pb.Approval | str:
    """Return the answer, or the reason of the refusal."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return str(error.details())


async def test_of_two_decisions_at_once_exactly_one_holds(desk: Desk, owner: Followed) -> None:
    for _ in range(ROUNDS):
        shown = await desk.laid_before(owner, await desk.delivered())
        answers = await asyncio.gather(
            outcome_of(desk.decide(owner, shown)),
            outcome_of(desk.decide(owner, shown, pb.DECISION_REJECT)),
        )

        stands = await desk.laid_before(owner, UUID(shown.signal_id))
        held = [answer for answer in answers if isinstance(answer, pb.Approval)]
        assert held == [stands]
        approved = stands.state == pb.APPROVAL_STATE_APPROVED
        assert len(await desk.commands_of(shown.approval_id)) == approved
        assert len(await desk.audit_of(shown.approval_id)) == 2


async def test_a_double_click_approves_once_and_answers_twice(desk: Desk, owner: Followed) -> None:
    for _ in range(ROUNDS):
        shown = await desk.laid_before(owner, await desk.delivered())
        answers = await asyncio.gather(*(desk.decide(owner, shown) for _ in range(4)))

        assert all(answer == answers[0] for answer in answers)
        (command,) = await desk.commands_of(shown.approval_id)
        assert str(command.id) == answers[0].command_id
        assert await desk.audit_of(shown.approval_id) == ["approval.pending", "approval.approved"]


async def test_a_decision_in_the_last_moment_holds_or_the_entry_has_expired(
    desk: Desk, owner: Followed
) -> None:
    for _ in range(ROUNDS):
        shown = await desk.laid_before(owner, await desk.delivered())
        expires = shown.expire_time.ToDatetime(desk.clock().tzinfo)
        # Two processes whose clocks differ: for one the time is over, for the other not yet.
        ahead = Expiry(database=desk.database, wakeups=desk.wakeups, now=Clock(expires))
        desk.clock.go_on(expires - desk.clock() - timedelta(milliseconds=1))
        await desk.price(owner)

        answer, _ = await asyncio.gather(outcome_of(desk.decide(owner, shown)), ahead.step())

        stands = await desk.laid_before(owner, UUID(shown.signal_id))
        if isinstance(answer, pb.Approval):
            assert stands == answer
            assert len(await desk.commands_of(shown.approval_id)) == 1
        else:
            assert stands.state == pb.APPROVAL_STATE_EXPIRED
            assert not await desk.commands_of(shown.approval_id)
        desk.clock.go_on(timedelta(seconds=1))


async def test_a_decision_that_had_to_wait_beyond_the_expiry_is_too_late(
    desk: Desk, owner: Followed
) -> None:
    shown = await desk.laid_before(owner, await desk.delivered())
    async with desk.database.transaction(None) as tx:
        held = select(approvals).where(approvals.c.id == UUID(shown.approval_id))
        await tx.execute(held.with_for_update())
        deciding = asyncio.create_task(refusal_of(desk.decide(owner, shown)))
        await somebody_waits_for_a_lock(desk)
        desk.clock.go_on(timedelta(seconds=60))

    assert (await deciding).reason == "APPROVAL_EXPIRED"
    assert not await desk.commands_of(shown.approval_id)


async def test_of_taking_back_and_granting_exactly_one_wins(desk: Desk, owner: Followed) -> None:
    for _ in range(ROUNDS):
        shown = await desk.laid_before(owner, await desk.delivered())
        approved = await desk.decide(owner, shown)
        async with desk.database.transaction(None) as tx:
            await mark_offered(
                SqlBook(tx), [UUID(approved.command_id)], trace=TRACE, now=desk.clock()
            )

        answer, was_granted = await asyncio.gather(
            outcome_of(desk.revoke(owner, shown)), claimed(desk, approved)
        )

        (command,) = await desk.commands_of(shown.approval_id)
        stands = await desk.laid_before(owner, UUID(shown.signal_id))
        assert was_granted is not isinstance(answer, pb.Approval)
        assert command.state == ("granted" if was_granted else "revoked")
        expected = pb.APPROVAL_STATE_APPROVED if was_granted else pb.APPROVAL_STATE_REVOKED
        assert stands.state == expected


async def claimed(desk: Desk, approval: pb.Approval) -> bool:
    """Claim the command as a bridge does; tell whether it was granted."""
    async with desk.database.transaction(None) as tx:
        claim = Claim(
            account_id=UUID(approval.account_id),
            command_id=UUID(approval.command_id),
            attempt=1,
            nonce=uuid4().bytes,
            device_id=uuid4(),
            valid_for=timedelta(seconds=5),
            now=desk.clock(),
        )
        outcome = await grant(SqlBook(tx), claim, trace=TRACE)
    return isinstance(outcome, Granted)


async def somebody_waits_for_a_lock(desk: Desk) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with desk.database.transaction(None) as tx:
                if await tx.scalar(waiting):
                    return
            await asyncio.sleep(0.01)
