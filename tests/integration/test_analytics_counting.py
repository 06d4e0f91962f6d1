"""Figures that follow deals one by one are the figures of the whole history, whatever happens."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from countersign_server.accounts.account import Account
from countersign_server.analytics import counting
from countersign_server.analytics.breakdown import By, breakdown_of
from countersign_server.analytics.counted import DaySum
from countersign_server.analytics.figures_store import (
    History,
    day_sums,
    histories,
    part_sums,
)
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.analytics.imported import Source, imported_deals_of, store_history
from countersign_server.analytics.loop import Counting
from countersign_server.analytics.printed import printed
from countersign_server.analytics.trade_figures import figures_of
from countersign_server.database.engine import Database
from countersign_server.execution.sql_records import SqlDeals
from countersign_server.identity.store import add_user
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import START
from tests.fixtures.histories import deals_of_report, history
from tests.fixtures.real_data import real_files
from tests.fixtures.stored_deals import MADE, NOTHING, cancel_deal, deal_as_canceled, store_deals
from tests.fixtures.trading_accounts import a_trading_account

REPORTS = real_files("reports/*/deals.csv")


@dataclass(frozen=True, slots=True)
class Books:
    database: Database
    counting: Counting
    account: Account

    async def count(self) -> None:
        while await self.counting.step():
            pass

    async def standing(self) -> History:
        async with self.database.transaction(None) as tx:
            (found,) = await histories(tx, history_ids=[self.account.id], limit=2)
        return found

    async def days(self, scope: UUID | None = None) -> dict[str, DaySum]:
        async with self.database.transaction(None) as tx:
            sums = await day_sums(tx, {self.account.id: scope or self.account.id})
        return {str(day): one for day, one in sums[self.account.id].items()}


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    database = Database(database_url, connections=3)
    owner_id = await an_owner(database)
    account = await a_trading_account(database, owner_id, START)
    yield Books(database, Counting(database=database, now=lambda: datetime.now(UTC)), account)
    await database.close()


async def an_owner(database: Database) -> UUID:
    person = User(
        id=uuid4(),
        email=f"{uuid4()}@example.com",
        display_name="",
        role=Role.OWNER,
        password_hash=None,
        created_at=START,
        disabled_at=None,
    )
    async with database.transaction(None) as tx:
        assert await add_user(tx, person)
    return person.id


def a_long_history(trades: int, seed: int = 7) -> Sequence[HistoryDeal]:
    drawn = random.Random(seed)  # noqa: S311  # a made history
    results = [f"{drawn.gauss(2, 30):.2f}" for _ in range(trades)]
    results[trades // 2] = "d500"
    return history("10000", *results, every=timedelta(minutes=17))


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "in any order"])
async def test_deals_counted_as_they_come_are_the_figures_from_scratch(
    books: Books, *, shuffled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "BATCH", 40)
    monkeypatch.setattr(counting, "_CHECKPOINT_EVERY", 25)
    whole = a_long_history(300)
    coming = list(whole)
    if shuffled:
        random.Random(3).shuffle(coming)  # noqa: S311  # any order
    for start in range(0, len(coming), 61):
        await store_deals(books.database, books.account, coming[start : start + 61])
        await books.count()

    standing = await books.standing()
    assert standing.counted.whole == figures_of(whole)
    assert standing.deals == len(whole)
    assert not standing.behind
    async with books.database.transaction(None) as tx:
        for by in By:
            parts = await part_sums(tx, {books.account.id: books.account.id}, by, limit=500)
            assert parts == breakdown_of(whole, by)
    days = await books.days()
    assert sum((one.result for one in days.values()), Decimal(0)) == figures_of(whole).net_profit
    assert sum((one.paid for one in days.values()), Decimal(0)) == Decimal(10_500)


@pytest.mark.parametrize("seed", range(3))
async def test_deals_that_brokers_cancel_are_no_trades_whether_or_not_they_were_counted(
    books: Books, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "BATCH", 40)
    monkeypatch.setattr(counting, "_CHECKPOINT_EVERY", 25)
    dice = random.Random(seed)  # noqa: S311  # it only mixes up what happens
    whole = list(a_long_history(150, seed))
    coming = list(whole)
    while coming:
        told = coming[: dice.randint(1, 60)]
        del coming[: len(told)]
        await store_deals(books.database, books.account, told)
        for deal in dice.sample(told, len(told) // 20):
            if dice.random() < 0.7:
                await books.count()
            if deal.is_trade:
                await cancel_deal(books.database, books.account, deal)
                whole[whole.index(deal)] = canceled(deal)
    await books.count()

    standing = await books.standing()
    assert standing.counted.whole == figures_of(whole)
    assert (standing.deals, standing.behind) == (len(whole), False)
    async with books.database.transaction(None) as tx:
        for by in By:
            parts = await part_sums(tx, {books.account.id: books.account.id}, by, limit=500)
            assert parts == breakdown_of(whole, by)
    days = await books.days()
    assert sum((one.result for one in days.values()), Decimal(0)) == figures_of(whole).net_profit


async def test_a_deal_that_is_cancelled_while_it_is_counted_is_not_counted_as_it_was(
    books: Books,
) -> None:
    whole = list(a_long_history(20))
    await store_deals(books.database, books.account, whole)
    async with books.database.transaction(None) as tx:
        # Nobody sees yet that it is cancelled.
        assert await SqlDeals(tx).cancel(deal_as_canceled(books.account, whole[5]))
        await books.counting.step()
    await books.count()

    async with books.database.transaction(None) as tx:
        assert await SqlDeals(tx).cancel(deal_as_canceled(books.account, whole[5])) is None
    whole[5] = canceled(whole[5])
    assert (await books.standing()).counted.whole == figures_of(whole)


def canceled(deal: HistoryDeal) -> HistoryDeal:
    return replace(deal, kind=DealKind.OTHER, entry=DealEntry.NONE, **dict.fromkeys(MADE, NOTHING))


async def test_a_deal_that_follows_all_others_makes_nothing_be_counted_again(
    books: Books,
) -> None:
    whole = a_long_history(300)
    await store_deals(books.database, books.account, whole[:-2])
    await books.count()
    before = recounts()
    await store_deals(books.database, books.account, whole[-1:])
    await books.count()
    in_order = recounts() - before
    await store_deals(books.database, books.account, whole[-2:-1])
    await books.count()

    assert (in_order, recounts() - before) == (0, 1)
    assert (await books.standing()).counted.whole == figures_of(whole)


def recounts() -> float:
    return REGISTRY.get_sample_value("analytics_recounts_total") or 0.0


async def test_a_deal_that_comes_late_goes_back_to_the_checkpoint_before_it_and_no_further(
    books: Books,
) -> None:
    whole = a_long_history(2_500)
    late = whole[2_200]
    await store_deals(books.database, books.account, [one for one in whole if one is not late])
    await books.count()
    await store_deals(books.database, books.account, [late])
    async with books.database.transaction(None) as tx:
        place, deals, _ = await counting.checkpoint_before(
            tx, books.account.id, counting.Place(int(late.time.timestamp() * 1000), late.ticket)
        )
    await books.count()

    assert deals >= 1_000
    assert place.ticket < late.ticket
    assert (await books.standing()).counted.whole == figures_of(whole)


async def test_two_processes_count_every_deal_once(books: Books) -> None:
    whole = a_long_history(400)
    await store_deals(books.database, books.account, whole)
    other = Counting(database=books.database, now=lambda: datetime.now(UTC))
    await asyncio.gather(books.count(), other.step(), other.step())
    await books.count()

    assert (await books.standing()).counted.whole == figures_of(whole)
    days = await books.days()
    assert sum((one.result for one in days.values()), Decimal(0)) == figures_of(whole).net_profit


@pytest.mark.parametrize("report", [*REPORTS, None], ids=lambda path: path and path.parent.name)
async def test_an_imported_history_has_the_figures_that_metatrader_printed(
    books: Books, report: Path | None
) -> None:
    given = a_long_history(30) if report is None else deals_of_report(report)
    source = Source(owner_id=books.account.owner_id, name="mine", currency="USD", sha256=b"s" * 32)
    async with books.database.transaction(books.account.owner_id) as tx:
        history_id = await store_history(tx, source, given, START)
    async with books.database.transaction(books.account.owner_id) as tx:
        again = await store_history(tx, source, given, START)
        (stored,) = await histories(tx, history_ids=[history_id], limit=2)
        assert await imported_deals_of(tx, history_id) == list(given)

    assert again == history_id
    assert stored.counted.whole == figures_of(given)
    if report is not None:
        statistics = json.loads((report.parent / "stats.json").read_text(encoding="utf-8"))
        theirs = statistics["statistics_as_printed"]
        ours = printed(stored.counted.whole)
        same = ("Total Net Profit", "Profit Factor", "LR Correlation", "Z-Score", "AHPR")
        assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


async def test_a_history_with_the_same_ticket_again_is_another_deal_of_another_account(
    books: Books,
) -> None:
    other = await a_trading_account(books.database, books.account.owner_id, START, login=1_000_002)
    whole = history("1000", "10", "-5")
    await store_deals(books.database, books.account, whole)
    await store_deals(books.database, other, [replace(one, profit=one.profit * 2) for one in whole])
    await books.count()

    assert (await books.standing()).counted.whole.net_profit == 5
    async with books.database.transaction(None) as tx:
        (theirs,) = await histories(tx, history_ids=[other.id], limit=1)
    assert theirs.counted.whole.net_profit == 10
