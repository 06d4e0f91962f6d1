"""One session speaks for an account; a newcomer waits until it has lapsed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from countersign_server.accounts.account import Account
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.devices.device import Device
from countersign_server.devices.lease_store import release_lease, renew_lease, take_lease
from countersign_server.devices.store import add_device, replace_secret, revoke_device
from countersign_server.identity import store
from countersign_server.identity.user import User
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import START
from tests.fixtures.trading_accounts import a_trading_account

TIMEOUT = timedelta(seconds=15)
FIRST, SECOND = b"first-epoch-16by", b"second-epoch-16b"


@dataclass(frozen=True, slots=True)
class Site:
    """An account and two devices that may serve it."""

    database: Database
    account: Account
    device_id: UUID
    other_device_id: UUID

    async def take(
        self, epoch: bytes, now: datetime = START, *, device_id: UUID | None = None
    ) -> bool:
        async with self.database.transaction(self.account.owner_id) as tx:
            return await take_lease(
                tx,
                account_id=self.account.id,
                owner_id=self.account.owner_id,
                device_id=device_id or self.device_id,
                epoch=epoch,
                now=now,
                timeout=TIMEOUT,
            )

    async def take_while_alive(self, epoch: bytes, server: Wakeups) -> bool:
        """Take the lease for a session that a server serves, for as long as that lives."""
        async with self.database.transaction(self.account.owner_id) as tx:
            return await take_lease(
                tx,
                account_id=self.account.id,
                owner_id=self.account.owner_id,
                device_id=self.device_id,
                epoch=epoch,
                now=START,
                timeout=TIMEOUT,
                holder=server.presence,
            )

    async def renew(self, epoch: bytes, now: datetime) -> bool:
        async with self.database.transaction(self.account.owner_id) as tx:
            return await renew_lease(tx, self.account.id, epoch, now, TIMEOUT)

    async def release(self, epoch: bytes) -> None:
        async with self.database.transaction(self.account.owner_id) as tx:
            await release_lease(tx, self.account.id, epoch)


@pytest.fixture
async def site(database_url: str) -> AsyncGenerator[Site]:
    database = Database(database_url, connections=5)
    owner = User(uuid4(), "ann@example.com", "Ann", Role.OWNER, None, START, None)
    async with database.transaction(None) as tx:
        await store.add_user(tx, owner)
    account = await a_trading_account(database, owner.id, START)
    site = Site(
        database, account, await a_device(database, account), await a_device(database, account)
    )
    yield site
    await database.close()


async def a_device(database: Database, account: Account) -> UUID:
    device = Device(
        id=uuid4(),
        owner_id=account.owner_id,
        account_id=account.id,
        name="VPS",
        secret_number=1,
        created_at=START,
    )
    async with database.transaction(account.owner_id) as tx:
        assert await add_device(tx, device, secret_sha256=device.id.bytes, request_id=uuid4())
    return device.id


async def test_a_live_lease_refuses_every_other_session(site: Site) -> None:
    assert await site.take(FIRST)
    almost = START + TIMEOUT - timedelta(microseconds=1)
    assert not await site.take(SECOND, almost, device_id=site.other_device_id)
    # A second copy of the same bridge is another session too.
    assert not await site.take(SECOND, almost)
    assert await site.renew(FIRST, almost)


async def test_a_lapsed_lease_goes_to_the_next_who_asks(site: Site) -> None:
    assert await site.take(FIRST)
    assert await site.take(SECOND, START + TIMEOUT, device_id=site.other_device_id)
    assert not await site.renew(FIRST, START + TIMEOUT)
    assert not await site.take(FIRST, START + TIMEOUT)


async def test_a_session_that_takes_its_own_lease_again_renews_it(site: Site) -> None:
    assert await site.take(FIRST)
    later = START + timedelta(seconds=10)
    assert await site.take(FIRST, later)
    assert await site.renew(FIRST, later + TIMEOUT - timedelta(seconds=1))


async def test_a_lease_that_lapsed_is_not_renewed(site: Site) -> None:
    assert await site.take(FIRST)
    assert not await site.renew(FIRST, START + TIMEOUT)


async def test_a_renewed_lease_lives_on(site: Site) -> None:
    assert await site.take(FIRST)
    for seconds in range(10, 60, 10):
        now = START + timedelta(seconds=seconds)
        assert await site.renew(FIRST, now)
        assert not await site.take(SECOND, now)


async def test_a_released_lease_is_free_at_once_and_only_its_holder_releases_it(
    site: Site,
) -> None:
    assert await site.take(FIRST)
    await site.release(SECOND)
    assert not await site.take(SECOND)
    await site.release(FIRST)
    assert await site.take(SECOND)


async def test_of_many_who_ask_at_once_one_takes_it(site: Site) -> None:
    epochs = [bytes([number]) * 16 for number in range(20)]
    taken = await asyncio.gather(*(site.take(epoch) for epoch in epochs))
    assert taken.count(True) == 1
    winner = epochs[taken.index(True)]
    assert await site.renew(winner, START)


async def test_a_revoked_device_loses_its_lease_and_takes_no_other(site: Site) -> None:
    assert await site.take(FIRST)
    async with site.database.transaction(site.account.owner_id) as tx:
        await revoke_device(tx, site.device_id, START)
    assert not await site.renew(FIRST, START)
    assert not await site.take(FIRST)
    assert await site.take(SECOND, device_id=site.other_device_id)


async def test_a_device_with_a_new_secret_loses_its_lease(site: Site) -> None:
    assert await site.take(FIRST)
    device = Device(
        id=site.device_id,
        owner_id=site.account.owner_id,
        account_id=site.account.id,
        name="VPS",
        secret_number=2,
        created_at=START,
    )
    async with site.database.transaction(site.account.owner_id) as tx:
        await replace_secret(tx, device, b"new")
    assert not await site.renew(FIRST, START)
    assert await site.take(SECOND)


async def test_a_device_takes_the_lease_of_no_account_but_its_own(site: Site) -> None:
    other = await a_trading_account(site.database, site.account.owner_id, START, login=2)
    async with site.database.transaction(site.account.owner_id) as tx:
        assert not await take_lease(
            tx,
            account_id=other.id,
            owner_id=other.owner_id,
            device_id=site.device_id,
            epoch=FIRST,
            now=START,
            timeout=TIMEOUT,
        )


async def test_the_lease_of_a_server_that_is_gone_is_free_at_once_and_of_one_that_lives_is_not(
    site: Site, database_url: str
) -> None:
    first, second = Wakeups(database_url), Wakeups(database_url)
    await first.start()
    await second.start()
    assert first.presence not in (0, second.presence)
    assert await site.take_while_alive(FIRST, first)
    assert not await site.take_while_alive(SECOND, second)
    await first.stop()
    assert first.presence == 0
    assert await site.take_while_alive(SECOND, second)
    # Whoever held it before finds out when it renews.
    assert not await site.renew(FIRST, START)
    await second.stop()


async def test_a_lease_that_nobody_vouches_for_holds_until_it_lapses(
    site: Site, database_url: str
) -> None:
    server = Wakeups(database_url)
    await server.start()
    assert await site.take(FIRST)
    assert not await site.take_while_alive(SECOND, server)
    await server.stop()
