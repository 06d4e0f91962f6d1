"""An account whose figures are too large to be stored keeps nobody else waiting."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, select

from countersign_server.accounts.account import Account
from countersign_server.accounts.store import save_snapshot
from countersign_server.analytics import loop
from countersign_server.analytics.figures_store import histories
from countersign_server.analytics.loop import Counting, EquityReading
from countersign_server.analytics.tables import figures
from countersign_server.database.engine import Database
from countersign_server.execution.tables import deals
from countersign_server.identity.store import add_user
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Role
from tests.fixtures.back_office import a_snapshot
from tests.fixtures.clock import START, Clock
from tests.fixtures.histories import history
from tests.fixtures.stored_deals import store_deals
from tests.fixtures.trading_accounts import a_trading_account

# Each can be stored, and their sum cannot.
HUGE = "900000000000000000"
LONG_AFTER = timedelta(hours=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections=3)
    yield database
    await database.close()


@pytest.fixture
async def both(database: Database) -> Sequence[Account]:
    """Two accounts: the first that is looked at, and the one behind it."""
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
    made = [
        await a_trading_account(database, person.id, START, login=1_000_001 + number)
        for number in range(2)
    ]
    return sorted(made, key=lambda one: one.id)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_ACCOUNTS_A_ROUND", 1)


async def counted(database: Database, account: Account) -> int:
    async with database.transaction(None) as tx:
        found = await histories(tx, history_ids=[account.id], limit=1)
    return found[0].deals if found else 0


async def is_read(database: Database, account: Account) -> bool:
    async with database.transaction(None) as tx:
        asked = select(figures.c.equity_read_at).where(figures.c.history_id == account.id)
        return await tx.scalar(asked) is not None


def failures(name: str) -> float:
    return REGISTRY.get_sample_value("analytics_account_failures_total", {"loop": name}) or 0.0


async def broken_and_well(database: Database, both: Sequence[Account]) -> None:
    broken, well = both
    await store_deals(database, broken, history("1000", HUGE, HUGE))
    await store_deals(database, well, history("1000", "10", "-5"))


async def test_an_account_that_cannot_be_counted_keeps_nobody_waiting(
    database: Database, both: Sequence[Account]
) -> None:
    await broken_and_well(database, both)
    before = failures("counting")

    await Counting(database=database, now=Clock()).step()

    assert [await counted(database, one) for one in both] == [0, 3]
    assert failures("counting") == before + 1


@pytest.mark.usefixtures("one_at_a_time")
async def test_accounts_that_cannot_be_counted_do_not_fill_every_round(
    database: Database, both: Sequence[Account]
) -> None:
    await broken_and_well(database, both)
    counting = Counting(database=database, now=Clock())

    for _ in range(2):
        await counting.step()

    assert [await counted(database, one) for one in both] == [0, 3]


async def test_an_account_that_could_not_be_counted_is_come_back_to(
    database: Database, both: Sequence[Account]
) -> None:
    await broken_and_well(database, both)
    clock = Clock()
    counting = Counting(database=database, now=clock)
    await counting.step()
    async with database.transaction(None) as tx:
        await tx.execute(delete(deals).where(deals.c.profit == Decimal(HUGE), deals.c.ticket == 3))

    await counting.step()
    at_once = await counted(database, both[0])
    clock.go_on(LONG_AFTER)
    await counting.step()

    assert (at_once, await counted(database, both[0])) == (0, 2)


async def unreadable_and_well(database: Database, both: Sequence[Account]) -> None:
    """Let the first show far more than all that it lost, and have waited longest."""
    await store_deals(database, both[0], history("1000", f"-{HUGE}"))
    await Counting(database=database, now=Clock()).step()
    for number, (account, balance) in enumerate(zip(both, (HUGE, "1000"), strict=True)):
        shown = a_snapshot(
            account_id=account.id,
            owner_id=account.owner_id,
            balance=Decimal(balance),
            received_at=START + timedelta(seconds=number),
        )
        async with database.transaction(None) as tx:
            assert await save_snapshot(tx, shown)


async def test_an_account_whose_equity_cannot_be_kept_keeps_nobody_waiting(
    database: Database, both: Sequence[Account]
) -> None:
    await unreadable_and_well(database, both)
    before = failures("equity")

    await EquityReading(database=database, now=Clock()).step()

    assert [await is_read(database, one) for one in both] == [False, True]
    assert failures("equity") == before + 1


@pytest.mark.usefixtures("one_at_a_time")
async def test_accounts_whose_equity_cannot_be_kept_do_not_fill_every_round(
    database: Database, both: Sequence[Account]
) -> None:
    await unreadable_and_well(database, both)
    reading = EquityReading(database=database, now=Clock())

    for _ in range(2):
        await reading.step()

    assert [await is_read(database, one) for one in both] == [False, True]
