"""Whose turn it is: shared, isolated, and left alone after failures in a row."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, update

from countersign.v1 import reconciliation_pb2 as pb
from countersign_server.accounts.tables import accounts, snapshots
from countersign_server.audit.entries import Trace
from countersign_server.reconciliation.breaker import FAILURES_MAX
from countersign_server.reconciliation.divergence_store import Run
from countersign_server.reconciliation.freshness import stale_after
from countersign_server.reconciliation.loop import Scheduler
from countersign_server.reconciliation.reconciler import PERIOD, Reconciler, TurnLost
from countersign_server.reconciliation.tables import reconciliation_runs, reconciliations
from countersign_server.reconciliation.turns import LEASE, Turn, enlist, take_turns
from tests.fixtures.back_office import HEARTBEAT, BackOffice, Metadata, a_snapshot, back_office
from tests.fixtures.clock import Clock
from tests.fixtures.waiting import until

UNREADABLE = b"\xff"
TRACE = Trace("system:test")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        yield running


def reconciler(office: BackOffice) -> Reconciler:
    return Reconciler(
        database=office.database,
        wakeups=office.wakeups,
        stale=stale_after(HEARTBEAT, office.clock),
        now=office.clock,
    )


def scheduler(office: BackOffice) -> Scheduler:
    return Scheduler(database=office.database, reconciler=reconciler(office), now=office.clock)


async def read(office: BackOffice, owner: Metadata, login: int, **changes: Any) -> str:
    """Make an account whose terminal was read now; return its id."""
    account = await office.an_account(owner, login)
    row = await tell(office, account.account_id, account.owner_id, **changes)
    assert row
    return account.account_id


async def tell(office: BackOffice, account_id: str, owner_id: str, **changes: Any) -> bool:
    snapshot = a_snapshot(
        account_id=UUID(account_id),
        owner_id=UUID(owner_id),
        event_time=office.clock(),
        received_at=office.clock(),
        **changes,
    )
    values = {name: getattr(snapshot, name) for name in snapshot.__slots__}
    async with office.database.transaction(None) as tx:
        await tx.execute(snapshots.delete().where(snapshots.c.account_id == UUID(account_id)))
        await tx.execute(insert(snapshots).values(values))
    return True


async def taken(office: BackOffice, limit: int = 100, only: str = "") -> list[Turn]:
    async with office.database.transaction(None) as tx:
        await enlist(tx, office.clock())
        account_id = UUID(only) if only else None
        return list(await take_turns(tx, limit=limit, now=office.clock(), only=account_id))


async def status(office: BackOffice, owner: Metadata) -> dict[str, pb.ReconciliationStatus]:
    answer = await office.reconciliation.GetReconciliation(
        pb.GetReconciliationRequest(user_id=str(office.caller_of(owner).owner_id)), metadata=owner
    )
    return {one.account_id: one for one in answer.accounts}


async def test_a_turn_is_one_processs_until_it_ends_or_its_lease_does(office: BackOffice) -> None:
    owner = await office.a_person()
    for login in range(1, 5):
        await read(office, owner, login)
    both = await asyncio.gather(taken(office, 2), taken(office, 2))
    ids = [turn.account_id for turns in both for turn in turns]
    assert len(ids) == len(set(ids)) == 4
    assert await taken(office) == []
    office.clock.go_on(LEASE)
    assert len(await taken(office)) == 4


async def test_what_comes_after_the_lease_is_lost_is_not_kept(office: BackOffice) -> None:
    owner = await office.a_person()
    await read(office, owner, 1)
    (late,) = await taken(office)
    office.clock.go_on(LEASE)
    (other,) = await taken(office)
    await tell(office, str(late.account_id), str(late.owner_id))
    with pytest.raises(TurnLost):
        await reconciler(office).compare(late, TRACE)
    run = await reconciler(office).compare(other, TRACE)
    async with office.database.transaction(None) as tx:
        assert list(await tx.scalars(select(reconciliation_runs.c.id))) == [run.id]


async def test_an_account_comes_again_after_its_period_and_at_once_when_its_bridge_does(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    account_id = await read(office, owner, 1)
    work = scheduler(office)
    assert await work.step() == 1
    assert await work.step() == 0
    owner_id = str(office.caller_of(owner).owner_id)
    await tell(office, account_id, owner_id, session_epoch=b"x" * 16)
    assert await work.step() == 1
    assert await work.step() == 0
    office.clock.go_on(PERIOD)
    assert await work.step() == 1


async def test_a_run_that_finds_what_the_last_found_is_not_kept_again(office: BackOffice) -> None:
    owner = await office.a_person()
    account_id = await read(office, owner, 1)
    work = scheduler(office)
    for _ in range(3):
        await tell(office, account_id, str(office.caller_of(owner).owner_id))
        assert await work.step() == 1
        office.clock.go_on(PERIOD)
    async with office.database.transaction(None) as tx:
        assert await tx.scalar(select(func.count()).select_from(reconciliation_runs)) == 1


async def test_an_account_that_fails_stops_no_other_and_is_left_alone_for_a_while(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    broken = await read(office, owner, 1, body=UNREADABLE)
    sound = await read(office, owner, 2)
    owner_id, work = str(office.caller_of(owner).owner_id), scheduler(office)
    for _ in range(FAILURES_MAX):
        await tell(office, broken, owner_id, body=UNREADABLE)
        await tell(office, sound, owner_id)
        assert await work.step() == 2
        office.clock.go_on(PERIOD)
    shown = await status(office, owner)
    assert shown[broken].breaker == pb.BREAKER_STATE_OPEN
    assert shown[broken].last_run.failure_reason == "INTERNAL"
    assert shown[sound].breaker == pb.BREAKER_STATE_CLOSED
    assert shown[sound].last_run.failure_reason == ""
    assert await work.step() == 1
    office.clock.go_on(timedelta(seconds=30))
    assert (await status(office, owner))[broken].breaker == pb.BREAKER_STATE_HALF_OPEN
    await tell(office, broken, owner_id)
    assert await work.step() == 2
    assert (await status(office, owner))[broken].breaker == pb.BREAKER_STATE_CLOSED


class Held(Reconciler):
    """Counts how many it compares at once, and holds one account's comparison until it is let."""

    def __init__(self, office: BackOffice, held_id: str) -> None:
        super().__init__(
            database=office.database,
            wakeups=office.wakeups,
            stale=stale_after(HEARTBEAT, office.clock),
            now=office.clock,
        )
        self.let_go = asyncio.Event()
        self.most = 0
        self.done: set[str] = set()
        self._held_id = held_id
        self._inside = 0

    async def compare(self, turn: Turn, trace: Trace, *, keep: bool = False) -> Run:
        self._inside += 1
        self.most = max(self.most, self._inside)
        try:
            if str(turn.account_id) == self._held_id:
                await self.let_go.wait()
            run = await super().compare(turn, trace, keep=keep)
            self.done.add(str(turn.account_id))
            return run
        finally:
            self._inside -= 1


async def test_five_accounts_are_compared_at_a_time_and_one_that_hangs_keeps_no_other_waiting(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    ids = [await read(office, owner, login) for login in range(1, 13)]
    holding = Held(office, ids[0])
    work = Scheduler(database=office.database, reconciler=holding, now=office.clock)
    step = asyncio.create_task(work.step())

    async def all_others_are_done() -> bool:
        return holding.done == set(ids[1:])

    await until(all_others_are_done, "every other account is compared", 60)
    assert not step.done()
    shown = await status(office, owner)
    assert {one for one in ids if shown[one].HasField("last_run")} == set(ids[1:])
    holding.let_go.set()
    assert await step == 12
    assert holding.done == set(ids)
    assert holding.most == 5


async def test_a_repeat_while_one_runs_answers_the_running_one(office: BackOffice) -> None:
    owner = await office.a_person()
    account_id = await read(office, owner, 1)
    (turn,) = await taken(office)
    request = pb.StartReconciliationRequest(account_id=account_id)
    answer = await office.reconciliation.StartReconciliation(request, metadata=owner)
    assert answer.run.run_id == str(turn.lease_id)
    assert not answer.run.HasField("end_time")
    await reconciler(office).compare(turn, TRACE)
    again = await office.reconciliation.StartReconciliation(request, metadata=owner)
    assert again.run.run_id != str(turn.lease_id)
    assert again.run.HasField("end_time")


async def test_an_account_never_read_says_so_and_is_not_flat(office: BackOffice) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    answer = await office.reconciliation.StartReconciliation(
        pb.StartReconciliationRequest(account_id=account.account_id), metadata=owner
    )
    assert answer.run.failure_reason == "NO_SNAPSHOT"


async def test_a_thousand_accounts_are_compared_in_one_cycle_by_two_processes(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    first = UUID(await read(office, owner, 1))
    async with office.database.transaction(None) as tx:
        (account,) = (await tx.execute(select(accounts).where(accounts.c.id == first))).all()
        (snapshot,) = (await tx.execute(select(snapshots))).all()
        ids = [uuid4() for _ in range(999)]
        await tx.execute(
            insert(accounts),
            [
                {**account._mapping, "id": one, "login": 2 + number}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # a row as a mapping
                for number, one in enumerate(ids)
            ],
        )
        rows = [{**snapshot._mapping, "account_id": one} for one in ids]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # a row as a mapping
        await tx.execute(insert(snapshots), rows)

    async def work_off(work: Scheduler) -> int:
        done = 0
        while taken_now := await work.step():
            done += taken_now
        return done

    done = await asyncio.gather(work_off(scheduler(office)), work_off(scheduler(office)))
    assert sum(done) == 1000
    async with office.database.transaction(None) as tx:
        compared = select(func.count()).where(reconciliations.c.snapshot_at.is_not(None))
        assert await tx.scalar(compared) == 1000
        assert await tx.scalar(select(func.count()).select_from(reconciliation_runs)) == 1000
        await tx.execute(update(reconciliations).values(due_at=office.clock()))
    assert sum(await asyncio.gather(work_off(scheduler(office)))) == 1000
