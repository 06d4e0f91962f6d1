"""What an owner sees of its terminals."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from countersign.v1 import accounts_pb2, execution_pb2, reconciliation_pb2
from countersign_server.accounts.store import save_snapshot
from countersign_server.rpc.caller import Role
from tests.fixtures.back_office import HEARTBEAT, BackOffice, Metadata, a_snapshot, back_office
from tests.fixtures.clock import Clock
from tests.fixtures.refusals import refusal
from tests.fixtures.server_sent_events import Events


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


def whole(revision: int, *positions: tuple[int, str]) -> bytes:
    """What a terminal held: identifier and profit of each position."""
    made = execution_pb2.AccountSnapshot.FromString(a_snapshot(revision=revision).body)
    for identifier, profit in positions:
        made.positions.add(identifier=identifier, ticket=identifier, profit=profit)
    return made.SerializeToString()


async def save(office: BackOffice, account: accounts_pb2.Account, **changes: Any) -> None:
    """The bridge tells of the terminal now."""
    office.clock.go_on(timedelta(milliseconds=1))
    snapshot = a_snapshot(
        account_id=UUID(account.account_id),
        owner_id=UUID(account.owner_id),
        event_time=office.clock(),
        received_at=office.clock(),
        **changes,
    )
    async with office.database.transaction(None) as tx:
        assert await save_snapshot(tx, snapshot)
    office.wakeups.ring(f"positions:{account.owner_id}")


@asynccontextmanager
async def following(
    office: BackOffice, who: Metadata, *, account_id: str = "", last: str = ""
) -> AsyncGenerator[Events]:
    headers = (("last-event-id", last),) if last else ()
    call = office.reconciliation.FollowPositions(
        reconciliation_pb2.FollowPositionsRequest(account_id=account_id),
        metadata=(*who, *headers),
    )
    try:
        yield await Events(call).opened()
    finally:
        call.cancel()


async def test_a_follower_is_told_the_whole_and_then_what_changed(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await save(office, account, body=whole(1, (1, "5"), (2, "0")))
    async with following(office, owner) as events:
        first = await events.next()
        await save(office, account, revision=4, body=whole(4, (1, "6"), (3, "0")))
        second = await events.next()
        await save(office, account, session_epoch=bytes(15) + b"1", body=whole(1))
        third = await events.next()

    assert [event["event"] for event in (first, second, third)] == ["snapshot", "delta", "snapshot"]
    ids = [int(event["id"]) for event in (first, second, third)]
    assert ids == sorted(set(ids))
    shown = json.loads(first["data"])
    assert [one["identifier"] for one in shown["snapshot"]["positions"]] == ["1", "2"]
    changes = json.loads(second["data"])["delta"]
    assert [(one["identifier"], one["profit"]) for one in changes["changed"]] == [
        ("1", "6"),
        ("3", "0"),
    ]
    assert changes["closed"] == ["2"]
    assert json.loads(third["data"])["snapshot"]["positions"] == []


async def test_a_follower_is_told_that_what_it_sees_grew_old(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    await save(office, account, body=whole(1))
    async with following(office, owner) as events:
        assert not json.loads((await events.next())["data"])["stale"]
        office.clock.go_on(4 * HEARTBEAT)
        grown = await events.next()
        assert (grown["event"], json.loads(grown["data"])["stale"]) == ("stale", True)
        await save(office, account, revision=2, body=whole(2))
        assert not json.loads((await events.next())["data"])["stale"]


async def test_a_follower_that_comes_again_is_told_only_what_is_new(office: BackOffice) -> None:
    owner = await office.a_person()
    quiet, busy = await office.an_account(owner, 1), await office.an_account(owner, 2)
    await save(office, quiet, body=whole(1, (1, "0")))
    async with following(office, owner) as events:
        await events.next()
    office.clock.go_on(timedelta(minutes=1))
    await save(office, busy, body=whole(1, (2, "0")))
    async with following(office, owner) as events:
        last = max((await events.next())["id"], (await events.next())["id"])
    async with following(office, owner, last=last) as events:
        told = [await events.next(), await events.next()]
    by_account = {json.loads(event["data"])["accountId"]: event["event"] for event in told}
    assert by_account == {quiet.account_id: "stale", busy.account_id: "snapshot"}


async def test_a_follower_sees_one_account_if_it_asks_and_nobody_elses(office: BackOffice) -> None:
    owner, other = await office.a_person(), await office.a_person()
    theirs = await office.an_account(other)
    first, second = await office.an_account(owner, 1), await office.an_account(owner, 2)
    for account in (theirs, first, second):
        await save(office, account, body=whole(1))
    async with following(office, owner, account_id=first.account_id) as events:
        shown = json.loads((await events.next())["data"])
        assert shown["accountId"] == first.account_id
        office.feed.stop()
        assert (await events.next())["event"] == "end"
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        async with following(office, owner, account_id=theirs.account_id):
            pass


async def test_a_follower_is_cut_off_when_its_token_is_revoked(office: BackOffice) -> None:
    owner = await office.a_person()
    await save(office, await office.an_account(owner), body=whole(1))
    async with following(office, owner) as events:
        await events.next()
        office.revocations.announce(office.caller_of(owner).session)
        last = await events.next()
    assert json.loads(last["data"]) == {"code": "UNAUTHENTICATED", "reason": "TOKEN_REVOKED"}
