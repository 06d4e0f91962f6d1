"""Statistics through the door: one account, a producer's, all together, and by a share link."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import select, update

from countersign.v1 import (
    accounts_pb2,
    analytics_pb2 as pb,
    audit_pb2,
    execution_pb2,
    values_pb2,
)
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account, save_snapshot
from countersign_server.analytics.breakdown import By
from countersign_server.analytics.loop import EquityReading
from countersign_server.analytics.printed import printed
from countersign_server.analytics.tables import share_links
from countersign_server.analytics.trade_figures import figures_of
from countersign_server.execution.tables import deals
from tests.fixtures.back_office import a_snapshot
from tests.fixtures.bridge_end import (
    BridgeEnd,
    a_deal,
    a_result,
    a_snapshot as bridge_snapshot,
    bridge_end,
)
from tests.fixtures.clock import START
from tests.fixtures.histories import history
from tests.fixtures.refusals import refusal
from tests.fixtures.stored_deals import store_deals
from tests.fixtures.trading_accounts import a_trading_account
from tests.fixtures.waiting import until
from tests.fixtures.world import Device, Owner, Producer, World, a_signal, world

RESULTS = ("50", "c0.7", "-20", "-30", "0", "40", "d500", "-10", "-10", "25", "-60", "80")
HOUR = Duration(seconds=3600)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        yield it


async def account_of(it: World, owner: Owner) -> Account:
    async with it.database.transaction(None) as tx:
        found = await account(tx, UUID(owner.account_id))
    assert found is not None
    return found


async def statistics(it: World, owner: Owner, **asked: str) -> list[pb.Statistics]:
    answer = await it.analytics.GetStatistics(
        pb.GetStatisticsRequest(**asked), metadata=owner.metadata
    )
    return list(answer.statistics)


async def counted(it: World, owner: Owner, deals: int) -> pb.Statistics:
    """Wait until so many buys and sells of the owner's account are counted."""

    async def look() -> list[pb.Statistics]:
        found = await statistics(it, owner, account_id=owner.account_id)
        return [one for one in found if one.complete and one.deals >= deals]

    return (await until(look, "the deals are counted"))[0]


async def test_an_accounts_statistics_are_metatraders_to_the_digit(it: World) -> None:
    owner = await it.an_owner()
    whole = history("1000", *RESULTS)
    await store_deals(it.database, await account_of(it, owner), whole)
    found = await counted(it, owner, 11)

    assert {one.label: one.text for one in found.printed} == dict(printed(figures_of(whole)))
    assert (found.balance, found.paid, found.net_profit) == ("1564.3", "1500", "64.3")
    assert (found.trades, found.deals, found.won) == (10, 11, 5)
    assert found.profit_factor == "1.491966335"
    assert found.win_rate_percent == "50"
    assert found.balance_drawdown.maximal == "65.7"
    assert found.daily.days == 4


async def test_when_the_deals_were_made_is_utc_and_the_brokers_clock_beside_it(
    it: World, owner: Owner, device: Device
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    async with bridge_end(it, owner, device) as end:
        for ticket, told_late in ((777, timedelta(0)), (778, timedelta(days=3))):
            deal = a_stops_close()
            deal.ticket = ticket
            brokers = now - told_late + timedelta(hours=2)
            deal.broker_time_ms = int(brokers.timestamp() * 1000)
            deal.broker_utc_offset.FromTimedelta(timedelta(hours=2))
            await end.acknowledged(await end.tell(f"deal:{ticket}", deal=deal))
            found = await counted(it, owner, ticket - 776)
            if not told_late:
                assert found.first_deal_time.ToDatetime(UTC) == now
            assert found.last_deal_time.ToDatetime(UTC) == now
            assert found.last_deal_broker_time == f"{now + timedelta(hours=2):%Y-%m-%d %H:%M:%S}"
    # It was told three days later: how far the clock was then, nobody knows.
    assert not found.HasField("first_deal_time")
    assert found.first_deal_broker_time == f"{brokers:%Y-%m-%d %H:%M:%S}"


async def test_an_account_without_any_deal_has_no_statistics_yet(it: World) -> None:
    owner = await it.an_owner()
    assert await statistics(it, owner, account_id=owner.account_id) == []
    months = await it.analytics.GetMonths(
        pb.GetMonthsRequest(account_id=owner.account_id), metadata=owner.metadata
    )
    assert list(months.months) == []


async def test_accounts_together_are_added_and_what_depends_on_order_is_left_out(
    it: World,
) -> None:
    owner = await it.an_owner()
    account = await account_of(it, owner)
    await store_deals(it.database, account, history("1000", "100", "-50"))
    await counted(it, owner, 2)
    both = await statistics(it, owner)
    assert len(both) == 1
    alone = both[0]
    assert (alone.accounts, alone.net_profit, alone.currency) == (1, "50", "USD")


async def test_an_operator_sees_everybodys_accounts_together_or_one_owners_by_currency(
    it: World,
) -> None:
    ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
    euros = await a_trading_account(it.database, UUID(bob.id), START, currency="EUR")
    for held, result in (
        (await account_of(it, ann), "50"),
        (await account_of(it, bob), "-20"),
        (euros, "7"),
    ):
        await store_deals(it.database, held, history("1000", result))

    async def told(**asked: str) -> dict[str, tuple[int, str]]:
        answer = await it.analytics.GetStatistics(
            pb.GetStatisticsRequest(**asked), metadata=it.operator
        )
        return {one.currency: (one.accounts, one.net_profit) for one in answer.statistics}

    async def all_counted() -> bool:
        return await told() == {"EUR": (1, "7"), "USD": (2, "30")}

    await until(all_counted, "the deals are counted")
    assert await told(owner_id=bob.id) == {"EUR": (1, "7"), "USD": (1, "-20")}
    assert await told(owner_id=ann.id) == {"USD": (1, "50")}
    months = await it.analytics.GetMonths(
        pb.GetMonthsRequest(owner_id=ann.id), metadata=it.operator
    )
    assert [month.result for month in months.months] == ["50"]
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CURRENCIES_DIFFER"):
        await it.analytics.GetMonths(pb.GetMonthsRequest(), metadata=it.operator)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await it.analytics.GetStatistics(
            pb.GetStatisticsRequest(owner_id=bob.id), metadata=ann.metadata
        )
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await it.analytics.GetStatistics(
            pb.GetStatisticsRequest(owner_id=ann.id, account_id=ann.account_id),
            metadata=it.operator,
        )


@pytest.mark.parametrize("by", list(By))
async def test_a_breakdown_is_that_of_the_deals(it: World, by: By) -> None:
    owner = await it.an_owner()
    await store_deals(it.database, await account_of(it, owner), history("1000", *RESULTS))
    await counted(it, owner, 11)
    answer = await it.analytics.GetBreakdown(
        pb.GetBreakdownRequest(
            account_id=owner.account_id, by=getattr(pb, f"BREAKDOWN_BY_{by.name}")
        ),
        metadata=owner.metadata,
    )
    assert sum(part.trades for part in answer.parts) == 10
    assert sum(Decimal(part.net_profit) for part in answer.parts) == 65
    if by is By.WEEKDAY:
        assert [part.key for part in answer.parts] == ["Monday", "Tuesday", "Wednesday", "Thursday"]


async def test_every_month_between_the_first_deal_and_the_last_is_there(it: World) -> None:
    owner = await it.an_owner()
    whole = history("1000", "100", "-55", every=timedelta(days=40))
    await store_deals(it.database, await account_of(it, owner), whole)
    await counted(it, owner, 2)
    answer = await it.analytics.GetMonths(
        pb.GetMonthsRequest(account_id=owner.account_id), metadata=owner.metadata
    )
    told = [(m.year, m.month, m.result, m.paid, m.growth_percent) for m in answer.months]
    assert told == [
        (2026, 1, "0", "1000", "0"),
        (2026, 2, "100", "0", "10"),
        (2026, 3, "-55", "0", "-5"),
    ]


async def test_equity_falls_between_deals_and_deposits_are_no_profit(it: World) -> None:
    owner = await it.an_owner()
    account = await account_of(it, owner)
    await store_deals(it.database, account, history("10000", "0"))
    await counted(it, owner, 1)
    reading = EquityReading(database=it.database, now=lambda: datetime.now(UTC))
    now = datetime.now(UTC)
    for revision, equity in enumerate(("10000", "10000", "10500", "9975", "9975"), start=1):
        held = a_snapshot(
            account_id=account.id,
            owner_id=account.owner_id,
            revision=revision,
            balance=Decimal(10_000),
            equity=Decimal(equity),
            received_at=now + timedelta(seconds=revision),
        )
        async with it.database.transaction(None) as tx:
            assert await save_snapshot(tx, held)
        await reading.step()

    (found,) = await statistics(it, owner, account_id=owner.account_id)
    assert found.equity_drawdown.maximal == "525"
    assert found.equity_drawdown.maximal_percent == "5"
    assert found.equity_drawdown.absolute == "25"


@pytest.fixture
async def owner(it: World) -> Owner:
    return await it.an_owner()


@pytest.fixture
async def producer(it: World, owner: Owner) -> Producer:
    made = await it.a_producer(owner)
    await it.follow(owner, made)
    return made


@pytest.fixture
async def device(it: World, owner: Owner) -> Device:
    return await it.a_device(owner)


async def traded(it: World, owner: Owner, producer: Producer, end: BridgeEnd) -> str:
    """One signal, approved and filled two ticks worse; returns the signal's id."""
    await it.tell_prices(owner, bid="1.08441", ask="1.08451")
    signal_id = await it.submit(producer, a_signal())
    await it.decide(owner, await it.entry(owner, signal_id))
    await filled(end)
    return signal_id


async def filled(end: BridgeEnd, *, sent_with: str = "1.084515") -> None:
    """Send the order of the command that is offered, and have it filled."""
    granted = (await end.claim((await end.hear("offer")).offer)).grant
    intent = execution_pb2.IntentRecorded(
        command_id=granted.command_id,
        attempt=granted.attempt,
        grant_id=granted.grant_id,
        request_sha256="0" * 64,
        price=sent_with,
    )
    await end.tell("intent", intent=intent)
    sent_at = datetime.now(UTC) + timedelta(seconds=1)
    back_at = sent_at + timedelta(milliseconds=250)
    await end.tell("result", result=a_result(granted, send_time=sent_at, return_time=back_at))
    deal = a_deal(granted)
    deal.price = "1.08452"
    await end.acknowledged(await end.tell("deal", deal=deal))


async def the_trade(it: World, owner: Owner) -> tuple[pb.Trade, tuple[str, ...]]:
    """The only trade, and what of its slippage was the person's, the platform's, the broker's."""
    answer = await it.analytics.ListTrades(pb.ListTradesRequest(), metadata=owner.metadata)
    (one,) = answer.trades
    return one, (one.slippage_of_person, one.slippage_of_platform, one.slippage_of_broker)


async def test_the_truth_sheet_says_who_took_how_long_and_what_it_cost(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as end:
        signal_id = await traded(it, owner, producer, end)
        await end.acknowledged(await end.tell("close", deal=a_stops_close()))
    trade, parts = await the_trade(it, owner)

    assert (trade.signal_id, trade.producer_id) == (signal_id, producer.id)
    assert (trade.signal_price, trade.open_price, trade.slippage) == (
        "1.0845",
        "1.08452",
        "0.00002",
    )
    assert (trade.close_price, trade.closed_volume, trade.result) == ("1.0855", "0.1", "9.5")
    assert trade.delay_of_broker.ToTimedelta() == timedelta(milliseconds=250)
    whole = sum(
        (
            span.ToTimedelta()
            for span in (trade.delay_of_person, trade.delay_of_platform, trade.delay_of_broker)
        ),
        timedelta(0),
    )
    # Nothing of the time between the server and the fill is nobody's.
    assert whole == trade.fill_time.ToDatetime() - trade.receive_time.ToDatetime()
    assert trade.side == values_pb2.SIDE_BUY
    assert parts == ("0.00001", "0.000005", "0.000005")


async def test_what_a_bridge_does_not_tell_is_unknown_and_not_guessed(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    await it.tell_prices(owner, bid="1.08441", ask="1.08451")
    async with bridge_end(it, owner, device) as end:
        signal_id = await it.submit(producer, a_signal())
        await it.decide(owner, await it.entry(owner, signal_id))
        await filled(end, sent_with="")
    trade, parts = await the_trade(it, owner)
    assert (trade.slippage, parts) == ("0.00002", ("0.00001", "", ""))


async def test_what_a_rule_decided_cost_no_person_anything(
    it: World, owner: Owner, device: Device
) -> None:
    producer = await it.a_producer(owner)
    await it.follow(
        owner,
        producer,
        approval_mode=accounts_pb2.APPROVAL_MODE_AUTOMATIC_WITHIN_LIMITS,
        limits=accounts_pb2.SubscriptionLimits(automatic_max_volume="0.1"),
    )
    await it.tell_prices(owner, bid="1.08441", ask="1.08451")
    async with bridge_end(it, owner, device) as end:
        await end.acknowledged(await end.tell("snapshot:1", snapshot=bridge_snapshot()))
        await it.submit(producer, a_signal())
        await filled(end)
    trade, parts = await the_trade(it, owner)
    assert (trade.slippage, parts) == ("0.00002", ("", "0.000015", "0.000005"))
    assert not trade.HasField("delay_of_person")


def a_stops_close() -> execution_pb2.Deal:
    """The closing deal that a stop makes of the same position: it carries no tag."""
    deal = a_deal(execution_pb2.Grant(magic=0), ticket=777)
    deal.type, deal.entry = 1, execution_pb2.DEAL_ENTRY_OUT
    deal.price, deal.profit, deal.commission = "1.0855", "10", "-0.5"
    deal.broker_time_ms += 60_000
    return deal


async def test_a_close_by_a_stop_is_its_producers_trade_even_if_it_comes_before_the_opening(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    before = history("1000", "1")
    await store_deals(it.database, await account_of(it, owner), before)
    async with bridge_end(it, owner, device) as end:
        await end.acknowledged(await end.tell("close", deal=a_stops_close()))
        await counted(it, owner, 2)
        await traded(it, owner, producer, end)
    whole = await counted(it, owner, 3)
    (found,) = await statistics(it, owner, account_id=owner.account_id, producer_id=producer.id)
    (nobodys,) = await statistics(it, owner, account_id=owner.account_id, producer_id=str(uuid4()))
    answer = await it.analytics.GetBreakdown(
        pb.GetBreakdownRequest(
            account_id=owner.account_id, producer_id=producer.id, by=pb.BREAKDOWN_BY_SYMBOL
        ),
        metadata=owner.metadata,
    )

    assert (found.trades, found.deals, found.net_profit) == (1, 2, "9.5")
    assert (nobodys.trades, nobodys.net_profit) == (0, "0")
    # The producer's own first deal, and not the account's.
    assert whole.first_deal_broker_time == f"{before[0].time:%Y-%m-%d %H:%M:%S}"
    assert found.first_deal_broker_time > whole.first_deal_broker_time
    assert found.last_deal_broker_time == whole.last_deal_broker_time
    assert nobodys.first_deal_broker_time == ""
    assert [(part.key, part.net_profit) for part in answer.parts] == [("EURUSD", "9.5")]
    async with it.database.transaction(None) as tx:
        whose = set((await tx.scalars(select(deals.c.counted_for))).all())
    assert whose == {UUID(producer.id), None}


async def test_the_funnel_gives_a_reason_for_each_signal_that_was_missed(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as end:
        await traded(it, owner, producer, end)
    rejected = await it.submit(producer, a_signal())
    await it.decide(owner, await it.entry(owner, rejected), approve=False)
    waiting = await it.submit(producer, a_signal())
    await it.entry(owner, waiting)
    answer = await it.analytics.GetFunnel(
        pb.GetFunnelRequest(account_id=owner.account_id), metadata=owner.metadata
    )

    assert {one.step: one.count for one in answer.steps} == {
        "delivered": 3,
        "asked": 3,
        "approved": 1,
        "granted": 1,
        "filled": 1,
    }
    assert {(m.step, m.reason, m.count, m.newest_signal_id) for m in answer.misses} == {
        ("asked", "REJECTED_BY_OWNER", 1, rejected),
        ("asked", "WAITING_FOR_DECISION", 1, waiting),
    }


async def a_link(
    it: World, owner: Owner, request_id: str | None = None
) -> pb.CreateShareLinkResponse:
    return await it.analytics.CreateShareLink(
        pb.CreateShareLinkRequest(
            request_id=request_id or str(uuid4()),
            account_id=owner.account_id,
            title="My year",
            lifetime=HOUR,
        ),
        metadata=owner.metadata,
    )


async def shared(it: World, token: str) -> pb.GetSharedStatisticsResponse:
    return await it.analytics.GetSharedStatistics(pb.GetSharedStatisticsRequest(token=token))


async def test_a_share_link_shows_statistics_and_not_whose(it: World, owner: Owner) -> None:
    await store_deals(it.database, await account_of(it, owner), history("1000", *RESULTS))
    await counted(it, owner, 11)
    made = await a_link(it, owner)
    seen = await shared(it, made.token)

    assert (seen.title, seen.statistics.net_profit) == ("My year", "64.3")
    assert seen.statistics.daily.days == 4
    told = seen.SerializeToString()
    for secret in (owner.account_id, str(owner.fingerprint.login), "1564.3"):
        assert secret.encode() not in told
    assert not any(month.paid for month in seen.months)


async def test_a_share_link_that_is_revoked_unknown_or_over_opens_nothing(
    it: World, owner: Owner
) -> None:
    made = await a_link(it, owner)
    request = pb.RevokeShareLinkRequest(share_link_id=made.link.share_link_id)
    await shared(it, made.token)
    ended = await it.analytics.RevokeShareLink(request, metadata=owner.metadata)
    again = await it.analytics.RevokeShareLink(request, metadata=owner.metadata)
    over = await a_link(it, owner)
    async with it.database.transaction(None) as tx:
        await tx.execute(
            update(share_links)
            .where(share_links.c.id == UUID(over.link.share_link_id))
            .values(expires_at=datetime.now(UTC))
        )

    assert ended == again
    for token in (made.token, over.token, "css_" + "x" * 43):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await shared(it, token)


async def test_a_share_links_token_is_told_once_and_both_ends_of_it_are_in_the_audit(
    it: World, owner: Owner
) -> None:
    request_id = str(uuid4())
    made = await a_link(it, owner, request_id=request_id)
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_REPEATED"):
        await a_link(it, owner, request_id=request_id)
    await it.analytics.RevokeShareLink(
        pb.RevokeShareLinkRequest(share_link_id=made.link.share_link_id), metadata=owner.metadata
    )
    listed = await it.analytics.ListShareLinks(pb.ListShareLinksRequest(), metadata=owner.metadata)
    entries = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(page_size=500), metadata=owner.metadata
    )

    assert [link.share_link_id for link in listed.links] == [made.link.share_link_id]
    kinds = [entry.kind for entry in entries.entries]
    assert kinds.count("share_link.created") == kinds.count("share_link.revoked") == 1
    assert made.token not in str(entries)
