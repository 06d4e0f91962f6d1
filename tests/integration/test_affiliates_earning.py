"""People bring others, and earn on each trade that those close, once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import grpc
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from countersign.v1 import affiliates_pb2 as pb, execution_pb2, identity_pb2
from countersign_server.affiliates.loop import Commissions
from countersign_server.affiliates.referral import Referral
from countersign_server.affiliates.store import add_referral
from countersign_server.affiliates.tables import affiliate_progress, ledger_entries, ledger_lines
from countersign_server.affiliates.trade_store import progress_held
from countersign_server.database.wakeups import Wakeups
from tests.fixtures.affiliates import (
    Affiliate,
    Trader,
    a_deal,
    an_affiliate,
    ask_payout,
    balance,
    booked,
    history,
    set_program,
    stats,
    trading,
)
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import PASSWORD, Owner, World, world

REFUSED = grpc.StatusCode.FAILED_PRECONDITION
PAGE = "https://sign.example.com/join"


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path, referral_page=PAGE) as it:
        yield it


@pytest.fixture
async def ann(it: World) -> Affiliate:
    return await an_affiliate(it)


@pytest.fixture
async def bob(it: World, ann: Affiliate) -> Owner:
    """Somebody whom ann brought."""
    return await it.an_owner("bob", 1000002, referral_code=ann.token, demo=False)


@pytest.fixture
async def trader(it: World, bob: Owner) -> AsyncIterator[Trader]:
    await set_program(it)
    async with trading(it, bob) as trader:
        yield trader


async def name_referrer(it: World, who: Owner, token: str) -> pb.NameReferrerResponse:
    request = pb.NameReferrerRequest(referral_code=token)
    return await it.affiliates.NameReferrer(request, metadata=who.metadata)


async def test_whoever_registers_twice_keeps_the_token(it: World, ann: Affiliate) -> None:
    again = await it.affiliates.RegisterAffiliate(
        pb.RegisterAffiliateRequest(), metadata=ann.metadata
    )
    link = await it.affiliates.GetAffiliateLink(pb.GetAffiliateLinkRequest(), metadata=ann.metadata)

    assert again.token == link.token == ann.token
    assert again.link == link.link == f"{PAGE}?ref={ann.token}"


async def test_whoever_has_not_registered_has_no_link_and_no_stats(it: World) -> None:
    owner = await it.an_owner()

    with refusal(REFUSED, "NOT_AN_AFFILIATE"):
        await it.affiliates.GetAffiliateLink(pb.GetAffiliateLinkRequest(), metadata=owner.metadata)
    with refusal(REFUSED, "NOT_AN_AFFILIATE"):
        await it.affiliates.GetAffiliateStats(
            pb.GetAffiliateStatsRequest(), metadata=owner.metadata
        )


async def test_an_unknown_code_at_sign_up_uses_nothing_up(it: World, ann: Affiliate) -> None:
    made = await it.identity.CreateUser(
        identity_pb2.CreateUserRequest(email="bob@example.com", role=identity_pb2.ROLE_OWNER),
        metadata=it.operator,
    )
    request = identity_pb2.AcceptInvitationRequest(
        invitation_token=made.invitation_token, password=PASSWORD, referral_code="nobody"
    )

    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "REFERRAL_CODE_UNKNOWN"):
        await it.identity.AcceptInvitation(request)

    request.referral_code = ann.token.upper()
    await it.identity.AcceptInvitation(request)
    assert (await stats(it, ann)).referred_count == 1


async def test_the_first_who_is_named_stays(it: World, ann: Affiliate, bob: Owner) -> None:
    carol = await an_affiliate(it, "carol", 1000003)

    await name_referrer(it, bob, ann.token)
    with refusal(grpc.StatusCode.ABORTED, "ALREADY_REFERRED"):
        await name_referrer(it, bob, carol.token)

    assert (await stats(it, ann)).referred_count == 1
    assert (await stats(it, carol)).referred_count == 0


async def test_the_schema_itself_keeps_the_first_referrer(
    it: World, ann: Affiliate, bob: Owner
) -> None:
    carol = await an_affiliate(it, "carol", 1000003)
    late = Referral(
        id=uuid4(),
        owner_id=UUID(carol.owner.id),
        referred_id=UUID(bob.id),
        created_at=datetime.now(UTC),
    )

    async with it.database.transaction(None) as tx:
        assert not await add_referral(tx, late)

    assert [(await stats(it, one)).referred_count for one in (ann, carol)] == [1, 0]


async def test_of_two_who_are_named_at_once_one_stays(it: World, ann: Affiliate) -> None:
    carol, bob = await an_affiliate(it, "carol", 1000003), await it.an_owner("bob", 1000002)

    answers = await asyncio.gather(
        *(name_referrer(it, bob, one.token) for one in (ann, carol) * 5), return_exceptions=True
    )

    assert len([one for one in answers if not isinstance(one, Exception)]) == 5
    counts = [(await stats(it, one)).referred_count for one in (ann, carol)]
    assert sorted(counts) == [0, 1]


async def test_nobody_refers_themselves_or_whoever_brought_them(
    it: World, ann: Affiliate, bob: Owner
) -> None:
    made = await it.affiliates.RegisterAffiliate(
        pb.RegisterAffiliateRequest(), metadata=bob.metadata
    )

    for token in (ann.token, made.token):
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "SELF_REFERRAL"):
            await name_referrer(it, ann.owner, token)


async def test_long_after_the_invitation_nobody_can_be_named(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path, referral_window=timedelta(0)) as it:
        ann, bob = await an_affiliate(it), await it.an_owner("bob", 1000002)

        with refusal(REFUSED, "REFERRAL_TOO_LATE"):
            await name_referrer(it, bob, ann.token)


async def test_a_closed_trade_earns_its_part_of_what_the_trader_paid(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    await trader.trades("2", commission="-7")

    (entry,) = await booked(it, ann, 1)

    assert entry.kind == pb.AFFILIATE_HISTORY_KIND_COMMISSION
    assert (entry.amount.amount, entry.amount.currency, entry.lots) == ("2.8", "USD", "2")
    told = await stats(it, ann)
    assert (told.active_count, told.lots_this_month) == (1, "2")
    assert (await balance(it, ann)).available == "2.8"


async def test_a_deal_that_is_told_again_earns_nothing_more(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    ticket = await trader.trades()
    again = a_deal(ticket, 710, "1", datetime.now(UTC), commission="-500")
    await trader.tells(again)
    await trader.trades()

    entries = await booked(it, ann, 2)

    assert [entry.amount.amount for entry in entries] == ["2", "2"]


async def test_an_account_that_two_referred_users_share_earns_once(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    await trader.trades()
    await booked(it, ann, 1)
    twin = await it.an_owner("bill", 1000002, referral_code=ann.token, demo=False)
    async with trading(it, twin) as other:
        await other.trades()
        await other.trades("3")

        entries = await booked(it, ann, 2)

    assert [entry.lots for entry in entries] == ["3", "1"]


async def test_what_was_closed_before_the_referral_or_on_a_demo_earns_nothing(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    carol = await it.an_owner("carol", 1000003, referral_code=ann.token)
    async with trading(it, carol) as at_a_demo:
        await at_a_demo.trades("4")
    await trader.trades("5", at=datetime.now(UTC) - timedelta(days=400))
    await trader.trades("6")

    (entry,) = await booked(it, ann, 1)

    assert entry.lots == "6"


async def test_the_affiliates_own_account_earns_nothing_whoever_uses_it(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    own = await it.an_owner("anna", 1000001, referral_code=ann.token, demo=False)
    async with trading(it, own) as self_dealing:
        await self_dealing.trades("4")
    await trader.trades("6")

    (entry,) = await booked(it, ann, 1)

    assert entry.lots == "6"


async def test_a_higher_tier_begins_with_the_trade_after_the_one_that_reached_it(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    await set_program(it, ("0", "0.1"), ("3", "0.5"))
    for _ in range(3):
        await trader.trades("2", commission="-10")

    entries = await booked(it, ann, 3)

    assert [entry.amount.amount for entry in reversed(entries)] == ["2", "2", "10"]
    (standing,) = (await stats(it, ann)).standings
    assert (standing.measured, standing.rate, standing.next_threshold) == ("6", "0.5", "")


async def test_the_tier_may_go_by_how_many_were_brought(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    await set_program(it, ("0", "0.1"), ("2", "0.5"), measure=pb.TIER_MEASURE_REFERRED)
    await trader.trades(commission="-10")
    await booked(it, ann, 1)
    await it.an_owner("carol", 1000003, referral_code=ann.token)
    await trader.trades(commission="-10")

    entries = await booked(it, ann, 2)

    assert [entry.amount.amount for entry in reversed(entries)] == ["2", "10"]


async def test_terms_hold_from_when_they_are_set(it: World, ann: Affiliate, trader: Trader) -> None:
    await trader.trades()
    await booked(it, ann, 1)
    await set_program(it, closed=True)
    await trader.trades("7")
    await set_program(it, ("0", "0.4"))
    await trader.trades()

    entries = await booked(it, ann, 2)

    assert [entry.amount.amount for entry in reversed(entries)] == ["2", "4"]


async def test_the_same_terms_again_set_nothing(it: World) -> None:
    first, again = await set_program(it), await set_program(it)
    other = await set_program(it, ("0", "0.3"))

    assert again == first
    assert other.create_time.ToDatetime() > first.create_time.ToDatetime()
    listed = await it.affiliates.ListAffiliatePrograms(
        pb.ListAffiliateProgramsRequest(), metadata=it.operator
    )
    assert list(listed.programs) == [other]


async def test_processes_that_look_at_once_book_each_trade_once(
    it: World, ann: Affiliate, trader: Trader, database_url: str
) -> None:
    loops = [
        Commissions(
            database=it.database, wakeups=Wakeups(database_url), now=lambda: datetime.now(UTC)
        )
        for _ in range(3)
    ]
    for _ in range(5):
        await trader.trades()
        await asyncio.gather(*(loop.step() for loop in loops))

    assert len(await booked(it, ann, 5)) == 5


async def test_trades_that_are_looked_at_anew_from_the_start_earn_nothing_more(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    for _ in range(2):
        await trader.trades()
    await booked(it, ann, 2)
    async with it.database.transaction(None) as tx:
        await tx.execute(affiliate_progress.update().values(sequence=0))
    await trader.trades()

    assert len(await booked(it, ann, 3)) == 3


@pytest.mark.parametrize("says_so", [True, False], ids=["says how far", "does not say"])
async def test_a_terminal_whose_clock_is_two_hours_ahead_has_not_traded_in_the_future(
    it: World, ann: Affiliate, trader: Trader, *, says_so: bool
) -> None:
    ahead = timedelta(hours=2)
    position, moment = 5000, datetime.now(UTC) + ahead
    for ticket, changes in (
        (5001, {}),
        (5002, {"entry": execution_pb2.DEAL_ENTRY_OUT, "type": 1}),
    ):
        deal = a_deal(ticket, position, "1", moment, commission="-5", **changes)
        deal.ClearField("broker_utc_offset")
        if says_so:
            deal.broker_utc_offset.FromTimedelta(ahead)
        await trader.tells(deal)
    await booked(it, ann, 1)

    async with it.database.transaction(None) as tx:
        traded_at = await tx.scalar(select(ledger_entries.c.traded_at))
    # A millisecond: `a_deal` rounds up.
    assert traded_at is not None
    assert moment - ahead <= traded_at <= datetime.now(UTC) + timedelta(milliseconds=1)


async def test_a_commission_is_taken_back_once(it: World, ann: Affiliate, trader: Trader) -> None:
    await trader.trades()
    (entry,) = await booked(it, ann, 1)
    request = pb.ReverseCommissionRequest(entry_id=entry.entry_id, reason="cancelled by the broker")

    answers = await asyncio.gather(
        *(it.affiliates.ReverseCommission(request, metadata=it.operator) for _ in range(4))
    )

    assert len({answer.entry.entry_id for answer in answers}) == 1
    newest, oldest = await booked(it, ann, 2)
    assert newest == answers[0].entry
    assert (newest.amount.amount, newest.reversed_entry_id) == ("-2", oldest.entry_id)
    assert (await balance(it, ann)).earned == "0"
    assert (await stats(it, ann)).lots_this_month == "0"
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await it.affiliates.ReverseCommission(
            pb.ReverseCommissionRequest(entry_id=newest.entry_id, reason="again"),
            metadata=it.operator,
        )


async def test_a_deal_that_the_broker_cancels_earns_nothing_whoever_tells_of_it_how_often(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    ticket = await trader.trades("2")
    (earned,) = await booked(it, ann, 1)
    for _ in range(2):
        await trader.cancels(ticket)
    await trader.trades("3")

    # Looked at together, what is earned is booked before what is taken back.
    *two, oldest = await booked(it, ann, 3)
    newest, taken_back = sorted(two, key=lambda one: bool(one.reversed_entry_id))

    assert (newest.lots, oldest) == ("3", earned)
    assert (taken_back.amount.amount, taken_back.reversed_entry_id) == ("-2", earned.entry_id)
    assert taken_back.reason == f"the broker cancelled deal {ticket}"
    assert (await stats(it, ann)).lots_this_month == "3"


async def test_another_who_says_that_the_account_is_theirs_takes_no_commission_back(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    ticket = await trader.trades("2")
    await booked(it, ann, 1)
    liar = await it.an_owner("mal", 1000002, referral_code=ann.token, demo=False)
    async with trading(it, liar) as other:
        # The same server, login and tickets as the trader's.
        assert await other.trades("2") == ticket
        await other.cancels(ticket)
    await trader.trades("3")
    standing = await booked(it, ann, 2)
    await trader.cancels(ticket)

    newest = (await booked(it, ann, 3))[0]

    assert [entry.lots for entry in standing] == ["3", "2"]
    assert newest.reversed_entry_id == standing[1].entry_id


async def test_an_operator_and_the_broker_take_a_commission_back_once_between_them(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    ticket = await trader.trades()
    (entry,) = await booked(it, ann, 1)
    request = pb.ReverseCommissionRequest(entry_id=entry.entry_id, reason="a mistake")
    await it.affiliates.ReverseCommission(request, metadata=it.operator)
    await trader.cancels(ticket)
    await trader.trades("3")

    entries = await booked(it, ann, 3)

    assert [one.lots for one in entries] == ["3", "1", "1"]
    assert entries[1].reason == "a mistake"


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_brokers_cancel_and_when_what_stands_was_earned_and_the_ledger_adds_up(
    it: World, ann: Affiliate, trader: Trader, seed: int
) -> None:
    """Each trade earns a dollar a lot; a payout takes what is there and leaves a debt behind."""
    await set_program(it, ("0", "1"), basis=pb.COMMISSION_BASIS_LOTS, minimum_payout="1")
    dice = random.Random(seed)  # noqa: S311  # it only mixes up what happens
    standing = 0
    for _ in range(12):
        lots, course = dice.randint(1, 9), dice.choice(["stands", "soon", "booked", "paid"])
        ticket = await trader.trades(str(lots))
        standing += lots if course == "stands" else 0
        if course in ("booked", "paid"):
            await earned_on(it, ann, f"{lots}")
        available = (await balance(it, ann)).available
        if course == "paid" and Decimal(available) >= 1:
            # Refused if an earlier cancellation is booked just then: that is right as well.
            with suppress(grpc.aio.AioRpcError):
                await ask_payout(it, ann, available)
        if course != "stands":
            await trader.cancels(ticket)
    await trader.trades("77")
    await earned_on(it, ann, "77")

    told = await balance(it, ann)
    assert Decimal(told.earned) == standing + 77
    assert Decimal(told.available) + Decimal(told.reserved) == standing + 77
    async with it.database.transaction(None) as tx:
        sums = await tx.scalars(
            select(func.sum(ledger_lines.c.amount)).group_by(ledger_lines.c.entry_id)
        )
        assert set(sums) == {0}


async def earned_on(it: World, who: Affiliate, lots: str) -> None:
    """Wait until the newest commission is on so many lots."""

    async def is_booked() -> bool:
        entries = (await history(it, who, limit=10)).entries
        earned = (one for one in entries if one.kind == pb.AFFILIATE_HISTORY_KIND_COMMISSION)
        return next((one.lots for one in earned), "") == lots

    await until(is_booked, f"{lots} lots have earned")


async def test_a_deal_that_was_cancelled_before_anybody_looked_at_it_earns_nothing(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    async with it.database.transaction(None) as held:

        async def is_held() -> bool:
            return await progress_held(held) is not None

        # While somebody holds the place, nobody books.
        await until(is_held, "no round is under way")
        await trader.cancels(await trader.trades("2"))
    await trader.trades("3")

    (entry,) = await booked(it, ann, 1)

    assert entry.lots == "3"


async def test_a_deal_that_is_dated_in_the_last_month_there_is_keeps_nobody_waiting(
    it: World, ann: Affiliate, trader: Trader
) -> None:
    await trader.trades("2", at=datetime(9999, 12, 15, tzinfo=UTC))
    await trader.trades("3")

    entries = await booked(it, ann, 2)

    assert [entry.lots for entry in entries] == ["3", "2"]


@pytest.mark.parametrize("kind", ["commission", "reversal"])
async def test_a_deal_that_cannot_be_worked_leaves_nothing_and_keeps_nobody_waiting(
    it: World, ann: Affiliate, trader: Trader, kind: str
) -> None:
    ticket = await trader.trades("1")
    await booked(it, ann, 1)
    failed = results("FAILED")
    async with it.database.transaction(None) as tx:
        broken = f"CHECK (kind <> '{kind}' OR lots <> {2 if kind == 'commission' else 1})"
        await tx.execute(
            text(f"ALTER TABLE ledger_entries ADD CONSTRAINT broken {broken} NOT VALID")
        )
    if kind == "commission":
        await trader.trades("2")
    else:
        await trader.cancels(ticket)
    await trader.trades("3")

    entries = await booked(it, ann, 2)

    assert [entry.lots for entry in entries] == ["3", "1"]
    assert results("FAILED") == failed + 1


def results(result: str) -> float:
    labels = {"result": result}
    return REGISTRY.get_sample_value("affiliate_commissions_total", labels) or 0.0


async def test_the_history_is_read_in_parts(it: World, ann: Affiliate, trader: Trader) -> None:
    for lots in ("1", "2", "3"):
        await trader.trades(lots)
    await booked(it, ann, 3)

    part = await history(it, ann, limit=1, offset=1)

    assert ([entry.lots for entry in part.entries], part.total_count) == (["2"], 3)
    assert not (await history(it, ann, offset=3)).entries
    as_operator = await it.affiliates.ListAffiliateHistory(
        pb.ListAffiliateHistoryRequest(affiliate_id=ann.owner.id), metadata=it.operator
    )
    assert as_operator.total_count == 3
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await it.affiliates.ListAffiliateHistory(
            pb.ListAffiliateHistoryRequest(), metadata=it.operator
        )
