"""Limits hold before an order exists: for people, for rules, and for many that decide at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from sqlalchemy import update

from countersign.v1 import approvals_pb2 as pb
from countersign_guards.guardian import see_account
from countersign_guards.policy import Exposure, Limit, LossRule, Policy, Reference
from countersign_guards.state import GuardState
from countersign_guards.view import AccountView
from countersign_server.accounts.account import AccountLimits
from countersign_server.accounts.producer_store import add_producer
from countersign_server.accounts.sizing import SizingRule
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.accounts.tables import producers
from countersign_server.approvals.store import count_outcomes
from countersign_server.database.engine import Database
from countersign_server.identifiers import uuid7
from tests.fixtures.desk import Desk, Followed, a_fan_out, open_desk
from tests.fixtures.messages import to_close, to_open
from tests.fixtures.refusals import refusal_in, refusal_of

AUTOMATIC: dict[str, Any] = {
    "approval_mode": ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
    "limits": {"automatic_max_volume": Decimal("0.1")},
}
# Every opening risks 44.00 at its stop.
AT_MOST_40: dict[str, Any] = {"limits": {"max_money_at_risk": Decimal(40)}}


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


def identical(limit: int) -> dict[str, Any]:
    return {"account": {"limits": AccountLimits(max_identical_orders_per_minute=limit)}}


async def outcomes(desk: Desk, signal_id: UUID) -> Mapping[str, int]:
    async with desk.database.transaction(None) as tx:
        return (await count_outcomes(tx, [signal_id]))[signal_id]


async def approved(desk: Desk, follower: Followed, signal_ids: list[UUID]) -> int:
    shown = [await desk.laid_before(follower, signal_id) for signal_id in signal_ids]
    return sum(one.state == pb.APPROVAL_STATE_APPROVED for one in shown)


async def test_the_inbox_shows_a_limit_that_would_break_and_the_approval_is_refused_with_it(
    desk: Desk,
) -> None:
    follower = await desk.a_follower(**AT_MOST_40)
    signal_id = await desk.delivered()

    inbox = await desk.approvals.ListInbox(pb.ListInboxRequest(), metadata=follower.metadata)
    (shown,) = inbox.approvals
    assert shown.foresight.refusal == "TOO_MUCH_AT_RISK"
    figures = {figure.rule: figure for figure in shown.foresight.figures}
    assert figures["max_money_at_risk"] == pb.RiskFigure(
        reason="TOO_MUCH_AT_RISK",
        rule="max_money_at_risk",
        measure=pb.RISK_MEASURE_MONEY_AT_RISK,
        after="44",
        limit="40",
        breaks=True,
        text="would break max money at risk: 44.00 USD are lost at its stop, at most 40 USD",
    )
    assert figures["drawdown"].text == (
        "drawdown: 0.00 of 2000.00 USD used, this risks 44.00; 44.00 with every stop hit"
    )
    assert not shown.foresight.stale

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await desk.decide(follower, shown)
    metadata = dict(refused.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])  # pyright: ignore[reportArgumentType]  # bytes
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.reason == "RISK_LIMIT_REACHED"
    assert (info.metadata["risk_reason"], info.metadata["after"]) == ("TOO_MUCH_AT_RISK", "44")
    assert not await desk.commands_of(shown.approval_id)
    # What the producer reads names the limit and nobody's money.
    assert await outcomes(desk, signal_id) == {"offered": 1, "risk:TOO_MUCH_AT_RISK": 1}
    assert (await desk.audit_facts(shown.approval_id))[0]["risk_reason"] == "TOO_MUCH_AT_RISK"


async def test_the_policy_that_an_owner_has_set_is_held_against_what_is_to_be_opened(
    desk: Desk,
) -> None:
    follower = await desk.a_follower(**AUTOMATIC)
    daily = LossRule("daily-loss", Reference.INITIAL_BALANCE, Limit(amount=Decimal(500)))
    policy = Policy("USD", losses=(daily,), exposure=Exposure(stop_required=True))
    state = GuardState()
    for seconds, equity in ((-2, 10_000), (-1, 9_520)):
        view = AccountView(
            at=desk.clock() + timedelta(seconds=seconds),
            balance=Decimal(10_000),
            equity=Decimal(equity),
            margin=Decimal(0),
            net_deposits=Decimal(0),
        )
        state, _ = see_account(state, policy, view)
    await desk.guard(follower, policy, state)
    await desk.funds(follower, equity="9520")

    shown = await desk.laid_before(follower, await desk.delivered())

    assert shown.state == pb.APPROVAL_STATE_PENDING
    assert shown.foresight.refusal == "WOULD_BREAK_LOSS_LIMIT"
    assert shown.foresight.figures[0].text == (
        "would break daily loss: 480.00 of 500.00 USD used, this risks 44.00; "
        "524.00 with every stop hit"
    )
    refused = await refusal_of(desk.decide(follower, shown))
    assert refused.reason == "RISK_LIMIT_REACHED"
    await desk.funds(follower, equity="9600")
    assert (await desk.decide(follower, shown)).state == pb.APPROVAL_STATE_APPROVED


async def test_a_limit_that_does_not_break_any_more_stands_in_nobodys_way(desk: Desk) -> None:
    follower = await desk.a_follower(**identical(1))
    first, second = await desk.delivered(), await desk.delivered()
    await desk.decide(follower, await desk.laid_before(follower, first))
    shown = await desk.laid_before(follower, second)

    assert (await refusal_of(desk.decide(follower, shown))).reason == "RISK_LIMIT_REACHED"
    # What was taken back was no order.
    await desk.revoke(follower, await desk.laid_before(follower, first))
    assert (await desk.decide(follower, shown)).state == pb.APPROVAL_STATE_APPROVED


async def test_a_rule_leaves_to_the_owner_what_would_break_a_limit(desk: Desk) -> None:
    follower = await desk.a_follower(
        approval_mode=ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
        limits={"automatic_max_volume": Decimal("0.1"), **AT_MOST_40["limits"]},
    )
    shown = await desk.laid_before(follower, await desk.delivered())
    assert shown.state == pb.APPROVAL_STATE_PENDING
    assert (await desk.audit_facts(shown.approval_id))[0]["note"] == "RISK_LIMIT_REACHED"


async def test_by_a_terminal_that_was_not_read_lately_only_a_person_opens(desk: Desk) -> None:
    follower = await desk.a_follower(**AUTOMATIC)
    desk.clock.go_on(timedelta(seconds=16))
    await desk.price(follower)

    shown = await desk.laid_before(follower, await desk.delivered(to_open(desk.clock())))

    assert shown.state == pb.APPROVAL_STATE_PENDING
    assert shown.foresight.stale
    assert (await desk.audit_facts(shown.approval_id))[0]["note"] == "PORTFOLIO_STALE"
    assert (await desk.decide(follower, shown)).state == pb.APPROVAL_STATE_APPROVED


async def test_what_a_rule_approves_of_one_batch_counts_for_the_rest_of_it(desk: Desk) -> None:
    follower = await desk.a_follower(**AUTOMATIC, **identical(2))
    signal_ids = [await desk.a_signal() for _ in range(5)]
    assert not await desk.fan_out.step()
    assert await approved(desk, follower, signal_ids) == 2


async def test_openings_together_do_not_risk_what_one_may_not(desk: Desk) -> None:
    # Sized to lose 500 at its stop each; a fifth of 10,000 may be lost.
    limits = {"automatic_max_volume": Decimal(10)}
    follower = await desk.a_follower(
        sizing=(SizingRule.RISK, "0.05"),
        approval_mode=ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
        limits=limits,
    )
    signal_ids = [await desk.a_signal() for _ in range(6)]
    assert not await desk.fan_out.step()
    assert await approved(desk, follower, signal_ids) == 4


async def test_processes_that_decide_at_once_keep_one_limit(desk: Desk, database_url: str) -> None:
    follower = await desk.a_follower(**AUTOMATIC, **identical(3))
    signal_ids = [await desk.a_signal() for _ in range(12)]
    databases = [Database(database_url, connections=3) for _ in range(3)]

    async def work(database: Database) -> None:
        fan_out = a_fan_out(
            database,
            desk.wakeups,
            desk.clock,
            desk.countersigner,
            desk.pictures,
            recipients_at_once=1,
        )
        while Counter([await desk.signal_state(one) for one in signal_ids]) != {"delivered": 12}:
            await fan_out.step()

    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*map(work, databases))
    finally:
        for database in databases:
            await database.close()
    assert await approved(desk, follower, signal_ids) == 3


async def test_people_that_decide_at_once_keep_one_limit(desk: Desk) -> None:
    follower = await desk.a_follower(**identical(2))
    shown = [await desk.laid_before(follower, await desk.delivered()) for _ in range(6)]

    async def decide(one: pb.Approval) -> str:
        try:
            await desk.decide(follower, one)
        except grpc.aio.AioRpcError as error:
            return refusal_in(error).reason
        return "approved"

    answers = Counter(await asyncio.gather(*map(decide, shown)))
    assert answers == {"approved": 2, "RISK_LIMIT_REACHED": 4}


async def test_an_engine_that_runs_away_reaches_nobody_and_may_still_close(desk: Desk) -> None:
    async with desk.database.transaction(None) as tx:
        limit = {"max_openings_per_minute": 2}
        await tx.execute(
            update(producers).where(producers.c.id == desk.producer.id).values(**limit)
        )
    follower = await desk.a_follower()
    opening = to_open(desk.clock())
    first = await desk.delivered(opening)
    await desk.filled(await desk.decide(follower, await desk.laid_before(follower, first)))

    signal_ids: list[UUID] = []
    for _ in range(2):
        desk.clock.go_on(timedelta(milliseconds=1))
        signal_ids.append(await desk.delivered())
    reached, refused = signal_ids
    closing = await desk.delivered(to_close(desk.clock(), opening))

    assert await outcomes(desk, reached) == {"offered": 1}
    assert await outcomes(desk, refused) == {"declined:PRODUCER_TOO_FAST": 1}
    assert await outcomes(desk, closing) == {"offered": 1}
    desk.clock.go_on(timedelta(minutes=1))
    assert await outcomes(desk, await desk.delivered()) == {"offered": 1}


async def test_what_another_engine_of_the_same_owner_sends_does_not_count(desk: Desk) -> None:
    now = desk.clock()
    another = replace(desk.producer, id=uuid7(now), name="another")
    async with desk.database.transaction(None) as tx:
        assert await add_producer(tx, another)
        await tx.execute(update(producers).values(max_openings_per_minute=1))
    await desk.a_follower()

    await replace(desk, producer=another).delivered()
    desk.clock.go_on(timedelta(milliseconds=1))

    assert await outcomes(desk, await desk.delivered()) == {"offered": 1}
