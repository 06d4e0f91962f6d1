"""Reports of accounts: of all deals or of a period, each with the figures of its own deals."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import insert

from countersign.v1 import analytics_pb2, charts_pb2 as pb
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account
from countersign_server.analytics.imported import Source, store_history
from countersign_server.analytics.printed import printed
from countersign_server.analytics.reading import Asked
from countersign_server.analytics.tables import equity_hours
from countersign_server.analytics.trade_figures import figures_of
from countersign_server.charts.picture_cache import PictureCache
from countersign_server.charts.pictures import Pictures, checked_digest
from countersign_server.charts.renderer import Renderer
from countersign_server.charts.report import Report, ReportFormat
from countersign_server.charts.report_desk import Period, ReportDesk
from countersign_server.charts.theme import LIGHT
from countersign_server.media_errors import NothingTraded, PeriodTooLarge
from tests.fixtures.histories import history, payment
from tests.fixtures.refusals import refusal
from tests.fixtures.stored_deals import store_deals
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, world

# From the 6th of January 2026 on, one a day; the deposit is on the 5th.
DEALS = history("1000", "100", "-50", "c0.7", "200", "d500", "-30", every=timedelta(days=1))
WHOLE = Period(None, None)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        yield it


@pytest.fixture
async def owner(it: World) -> Owner:
    return await it.an_owner()


@pytest.fixture
async def held(it: World, owner: Owner) -> Account:
    """An account all of whose deals are counted."""
    async with it.database.transaction(None) as tx:
        found = await account(tx, UUID(owner.account_id))
    assert found is not None
    await store_deals(it.database, found, DEALS)
    request = analytics_pb2.GetStatisticsRequest(account_id=owner.account_id)

    async def counted() -> bool:
        answer = await it.analytics.GetStatistics(request, metadata=owner.metadata)
        return any(one.complete and one.deals == 5 for one in answer.statistics)

    await until(counted, "the deals are counted")
    return found


async def report(it: World, held: Account, period: Period, **limits: int) -> Report:
    desk = ReportDesk(database=it.database, now=lambda: datetime.now(UTC), **limits)
    made, owner_id = await desk.report(
        held.owner_id, Asked(held.id, None, None), period, format_=ReportFormat.PNG, theme=LIGHT
    )
    assert owner_id == held.owner_id
    return made


async def test_the_whole_is_what_the_statistics_say(it: World, held: Account) -> None:
    made = await report(it, held, WHOLE)
    assert dict(made.printed) == dict(printed(figures_of(DEALS)))
    assert made.subtitle.startswith("2026-01-05 to 2026-01-11")
    assert [(one.name, one.trades, one.net) for one in made.symbols] == [("EURUSD", "4", "220.00")]


async def test_a_period_begins_with_the_balance_that_it_found(it: World, held: Account) -> None:
    made = await report(it, held, Period(date(2026, 1, 7), date(2026, 1, 9)))
    # As if what was there before had been paid in at once.
    within = [deal for deal in DEALS if 7 <= deal.time.day <= 9]
    alone = [payment("1100", ticket=1, time=DEALS[0].time), *within]
    assert dict(made.printed) == dict(printed(figures_of(alone)))
    assert made.subtitle.startswith("2026-01-07 to 2026-01-09")
    assert made.points[0].balance == 1050


async def test_one_end_of_a_period_is_enough(it: World, held: Account) -> None:
    since = await report(it, held, Period(date(2026, 1, 9), None))
    until_then = await report(it, held, Period(None, date(2026, 1, 6)))
    assert dict(since.printed)["Total Net Profit"] == "170.00"
    assert dict(until_then.printed)["Total Net Profit"] == "100.00"


async def test_a_long_curve_has_the_last_reading_of_each_day_and_a_short_one_every_hour(
    it: World, held: Account
) -> None:
    start = DEALS[0].time.replace(hour=1)
    read = [start + timedelta(hours=12 * number) for number in range(200)]
    rows = [
        {
            "account_id": held.id,
            "hour": hour,
            "owner_id": held.owner_id,
            **dict.fromkeys(("lowest", "highest", "balance", "paid"), 1000),
            "equity": 1000 + number,
        }
        for number, hour in enumerate(read)
    ]
    late = payment("0.01", ticket=99, time=start + timedelta(days=99))
    async with it.database.transaction(None) as tx:
        await tx.execute(insert(equity_hours), rows)
    short = await report(it, held, WHOLE)
    await store_deals(it.database, held, [late])
    since = Period(date(2026, 1, 5), None)

    async def counted() -> list[Report]:
        made = await report(it, held, since)
        return [made] if "2026-04-14" in made.subtitle else []

    (long,) = await until(counted, "the late deal is counted")

    assert (short.curve, long.curve) == ("Equity and balance",) * 2
    assert [point.time for point in short.points] == read
    assert [point.time for point in long.points] == read[1::2]
    assert [point.equity for point in long.points] == [1001.0 + 2 * at for at in range(100)]


async def test_a_period_without_deals_and_one_with_too_many_are_refused(
    it: World, held: Account
) -> None:
    with pytest.raises(NothingTraded):
        await report(it, held, Period(date(2027, 1, 1), None))
    bounded = Period(date(2026, 1, 5), date(2026, 1, 11))
    assert await report(it, held, bounded, deals_max=7)
    with pytest.raises(PeriodTooLarge):
        await report(it, held, bounded, deals_max=6)
    assert await report(it, held, WHOLE, deals_max=1), "what is kept has no limit"


async def an_imported_history(it: World, held: Account) -> UUID:
    source = Source(owner_id=held.owner_id, name="before", currency="USD", sha256=b"s" * 32)
    async with it.database.transaction(held.owner_id) as tx:
        return await store_history(tx, source, DEALS, datetime.now(UTC))


@pytest.mark.parametrize(
    "period",
    [WHOLE, Period(date(2026, 1, 7), date(2026, 1, 9)), Period(None, date(2026, 1, 6))],
    ids=["whole", "within", "until"],
)
async def test_an_imported_history_has_the_report_of_an_account_with_the_same_deals(
    it: World, held: Account, period: Period
) -> None:
    history_id = await an_imported_history(it, held)
    desk = ReportDesk(database=it.database, now=lambda: datetime.now(UTC))
    imported, owner_id = await desk.report(
        *(held.owner_id, Asked(None, history_id, None), period),
        format_=ReportFormat.PNG,
        theme=LIGHT,
    )
    accounts = await report(it, held, period)

    assert owner_id == held.owner_id
    assert imported.title == "before"
    assert imported.subtitle.endswith("USD, imported history")
    assert imported == replace(accounts, title=imported.title, subtitle=imported.subtitle)


async def test_a_report_is_of_one_history_and_of_nobody_elses(it: World, held: Account) -> None:
    history_id = str(await an_imported_history(it, held))
    account_id = str(held.id)
    stranger = await it.an_owner("eve", 1000002)

    for wrong in ({}, {"account_id": account_id, "history_id": history_id}):
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
            await it.charts.GetReport(pb.GetReportRequest(**wrong), metadata=it.operator)
    for whose in ({"account_id": account_id}, {"history_id": history_id}):
        assert (await it.charts.GetReport(pb.GetReportRequest(**whose), metadata=it.operator)).data
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await it.charts.GetReport(pb.GetReportRequest(**whose), metadata=stranger.metadata)


async def a_token(it: World, held: Account, owner: Owner, *, with_report: bool) -> str:
    made = await it.analytics.CreateShareLink(
        analytics_pb2.CreateShareLinkRequest(
            request_id=str(uuid4()),
            account_id=str(held.id),
            title="My year",
            lifetime=Duration(seconds=3600),
            with_report=with_report,
        ),
        metadata=owner.metadata,
    )
    assert made.link.with_report == with_report
    return made.token


async def test_a_share_link_shows_the_report_without_whose_it_is_and_how_much_is_on_it(
    it: World, held: Account, owner: Owner
) -> None:
    token = await a_token(it, held, owner, with_report=True)
    desk = ReportDesk(database=it.database, now=lambda: datetime.now(UTC))
    asked: dict[str, Any] = {"format_": ReportFormat.PNG, "theme": LIGHT}
    seen, owner_id = await desk.shared_report(token, **asked)
    own = await report(it, held, WHOLE)

    assert (seen.title, owner_id) == ("My year", held.owner_id)
    assert (seen.printed, seen.years, seen.symbols) == (own.printed, own.years, own.symbols)
    # Growth of 100: a deposit of 500 is not seen in it, and nor is the balance of 1,720.
    values = [round(point.equity, 2) for point in seen.points]
    assert values == [100.0, 110.0, 105.0, 104.93, 124.93, 124.93, 122.79]
    assert not any(point.payment for point in seen.points)
    assert held.name not in repr(seen)
    assert (await it.charts.GetSharedReport(pb.GetSharedReportRequest(token=token))).data


async def test_a_share_link_shows_no_report_unless_it_was_made_to_and_while_it_holds(
    it: World, held: Account, owner: Owner
) -> None:
    without = await a_token(it, held, owner, with_report=False)
    ended = await a_token(it, held, owner, with_report=True)
    (link, _) = (
        await it.analytics.ListShareLinks(
            analytics_pb2.ListShareLinksRequest(), metadata=owner.metadata
        )
    ).links
    await it.analytics.RevokeShareLink(
        analytics_pb2.RevokeShareLinkRequest(share_link_id=link.share_link_id),
        metadata=owner.metadata,
    )

    for token in (without, ended, "css_" + "x" * 43):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await it.charts.GetSharedReport(pb.GetSharedReportRequest(token=token))


async def test_an_account_without_any_deal_has_no_report(it: World) -> None:
    owner: Owner = await it.an_owner()
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TRADED"):
        await it.charts.GetReport(
            pb.GetReportRequest(account_id=owner.account_id), metadata=owner.metadata
        )


async def test_a_page_that_cannot_be_drawn_is_a_plain_one_and_is_kept_nowhere(
    it: World, held: Account
) -> None:
    renderer = Renderer(
        workers=1,
        waiting_max=1,
        patience=timedelta(seconds=20),
        command=(sys.executable, "-c", ""),
    )
    cache = PictureCache(bytes_max=10_000_000, lifetime=timedelta(hours=1))
    pictures = Pictures(
        database=it.database,
        renderer=renderer,
        cache=cache,
        shared_lifetime=None,
        now=lambda: datetime.now(UTC),
    )
    desk = ReportDesk(database=it.database, now=lambda: datetime.now(UTC))
    asked = Asked(held.id, None, None)
    made, owner_id = await desk.report(None, asked, WHOLE, format_=ReportFormat.PDF, theme=LIGHT)
    picture = await pictures.of(made, checked_digest(made), owner_id=owner_id)
    assert (picture.failure, picture.data[:5]) == ("WORKER_DIED", b"%PDF-")
    assert cache.get((owner_id, checked_digest(made)), datetime.now(UTC)) is None
