"""What an owner sees of its terminals."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest

from countersign.v1 import accounts_pb2, reconciliation_pb2
from countersign_server.accounts.store import save_snapshot
from countersign_server.rpc.caller import Role
from tests.fixtures.back_office import HEARTBEAT, BackOffice, Metadata, a_snapshot, back_office
from tests.fixtures.clock import Clock
from tests.fixtures.refusals import refusal


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        yield running


async def read(office: BackOffice, account: accounts_pb2.Account) -> None:
    """The account's terminal is read now."""
    snapshot = a_snapshot(
        account_id=UUID(account.account_id),
        owner_id=UUID(account.owner_id),
        event_time=office.clock(),
        received_at=office.clock(),
    )
    async with office.database.transaction(None) as tx:
        assert await save_snapshot(tx, snapshot)


async def shown(
    office: BackOffice, who: Metadata, account_id: str = ""
) -> list[reconciliation_pb2.StoredSnapshot]:
    request = reconciliation_pb2.ListPositionsRequest(account_id=account_id)
    answer = await office.reconciliation.ListPositions(request, metadata=who)
    assert answer.server_time.ToDatetime(office.clock().tzinfo) == office.clock()
    return list(answer.accounts)


async def test_an_account_never_read_has_no_snapshot_and_is_not_flat(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    assert await shown(office, owner, account.account_id) == []
    await read(office, account)
    (snapshot,) = await shown(office, owner)
    assert (snapshot.account_id, snapshot.currency) == (account.account_id, "USD")
    assert (snapshot.snapshot.balance, snapshot.stale) == ("10000", False)


async def test_a_snapshot_grows_stale_and_is_still_shown(office: BackOffice) -> None:
    owner = await office.a_person()
    await read(office, await office.an_account(owner))
    office.clock.go_on(3 * HEARTBEAT + timedelta(seconds=1))
    (snapshot,) = await shown(office, owner)
    assert snapshot.stale


async def test_nobody_sees_anothers_positions_but_an_operator(office: BackOffice) -> None:
    owner, other = await office.a_person(), await office.a_person()
    account = await office.an_account(owner)
    await read(office, account)
    assert await shown(office, other) == []
    for account_id in (account.account_id, str(uuid4())):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await shown(office, other, account_id)
    assert len(await shown(office, await office.a_person(Role.OPERATOR))) == 1


async def test_what_this_version_does_not_do_says_so(office: BackOffice) -> None:
    request = reconciliation_pb2.ListDivergencesRequest()
    with refusal(grpc.StatusCode.UNIMPLEMENTED, "NOT_IMPLEMENTED_YET"):
        await office.reconciliation.ListDivergences(request, metadata=await office.a_person())
