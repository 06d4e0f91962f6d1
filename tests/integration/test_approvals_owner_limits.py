"""What holds for all of an owner's accounts together, whoever decides, and how many at once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import grpc
import pytest

from countersign.v1 import approvals_pb2 as pb
from countersign_server.accounts.account import OwnerLimits
from countersign_server.accounts.owner_limit_store import save_owner_limits
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from tests.fixtures.desk import Desk, Followed, open_desk
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.stored_deals import store_deals

AUTOMATIC: dict[str, Any] = {
    "approval_mode": ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
    "limits": {"automatic_max_volume": Decimal("0.1")},
}
REFUSED = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "RISK_LIMIT_REACHED")
DAILY = OwnerLimits(max_daily_losses={"USD": Decimal(500)})


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def limit(desk: Desk, of: Followed, limits: OwnerLimits) -> None:
    async with desk.database.transaction(None) as tx:
        await save_owner_limits(tx, of.owner_id, limits, desk.clock())


async def lost(desk: Desk, of: Followed, amount: str, *, ago: timedelta = timedelta(0)) -> None:
    """A deal of a moment, or of earlier, was told just now."""
    deal = HistoryDeal(
        ticket=int(of.account.id.int % 2**40),
        time=desk.clock() - ago,
        kind=DealKind.SELL,
        entry=DealEntry.OUT,
        symbol="EURUSD",
        volume=Decimal(1),
        price=Decimal("1.08"),
        commission=Decimal(0),
        fee=Decimal(0),
        swap=Decimal(0),
        profit=Decimal(amount),
        position_id=1,
    )
    await store_deals(desk.database, of.account, [deal])


async def refusal_shown(desk: Desk, of: Followed) -> str:
    """What an opening that risks 44.00 is shown to break."""
    return (await desk.laid_before(of, await desk.delivered())).foresight.refusal


async def test_what_rules_approve_of_one_batch_counts_for_the_owner_s_other_accounts(
    desk: Desk,
) -> None:
    first = await desk.a_follower(**AUTOMATIC)
    second = await desk.a_follower(beside=first, **AUTOMATIC)
    stranger = await desk.a_follower(**AUTOMATIC)
    await limit(desk, first, OwnerLimits(max_positions=1))
    signal_id = await desk.delivered()
    shown = [await desk.laid_before(one, signal_id) for one in (first, second)]
    states = sorted(one.state for one in shown)
    assert states == [pb.APPROVAL_STATE_PENDING, pb.APPROVAL_STATE_APPROVED]
    assert (await desk.laid_before(stranger, signal_id)).state == pb.APPROVAL_STATE_APPROVED


async def test_an_owner_who_approves_in_two_accounts_at_once_gets_what_fits_both(
    desk: Desk,
) -> None:
    first = await desk.a_follower()
    second = await desk.a_follower(beside=first)
    await limit(desk, first, OwnerLimits(max_lots=Decimal("0.1")))
    signal_id = await desk.delivered()
    shown = [(one, await desk.laid_before(one, signal_id)) for one in (first, second)]
    answers = await asyncio.gather(
        *(desk.decide(one, what) for one, what in shown), return_exceptions=True
    )
    approved = [one for one in answers if isinstance(one, pb.Approval)]
    assert len(approved) == 1
    (left,) = [(one, what) for one, what in shown if what.approval_id != approved[0].approval_id]
    assert await refusal_of(desk.decide(*left)) == REFUSED


async def test_what_one_account_lost_today_the_others_may_not_lose_again(desk: Desk) -> None:
    first = await desk.a_follower()
    second = await desk.a_follower(beside=first)
    await limit(desk, first, DAILY)
    await lost(desk, second, "-456")
    assert not await refusal_shown(desk, first)
    desk.clock.go_on(timedelta(seconds=1))
    third = await desk.a_follower(beside=first)
    await lost(desk, third, "-0.01")
    assert await refusal_shown(desk, first) == "OWNER_WOULD_BREAK_LOSS_LIMIT"


async def test_history_that_comes_late_is_no_loss_of_today(desk: Desk) -> None:
    first = await desk.a_follower()
    second = await desk.a_follower(beside=first)
    await limit(desk, first, DAILY)
    await lost(desk, second, "-9000", ago=timedelta(days=1))
    assert not await refusal_shown(desk, first)


async def test_accounts_of_another_currency_neither_count_nor_are_held(desk: Desk) -> None:
    first = await desk.a_follower()
    second = await desk.a_follower(beside=first, account={"currency": "EUR"})
    await limit(desk, first, DAILY)
    await lost(desk, second, "-9000")
    assert not await refusal_shown(desk, first)
    await lost(desk, first, "-9000")
    assert not await refusal_shown(desk, second)
