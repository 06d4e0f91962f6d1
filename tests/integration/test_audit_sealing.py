"""The seal over the event log: everything that committed, once, in one order for all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import create_engine, func, insert, make_url, select, text

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.loop import Sealer
from countersign_server.audit.seal_store import become_sealer
from countersign_server.audit.store import record, row_of
from countersign_server.audit.tables import audit_entries, audit_seals
from countersign_server.audit.verification import Verdict, verify
from countersign_server.database.engine import Database
from countersign_server.database.supervisor import EmbeddedPostgres
from countersign_server.database.wakeups import Wakeups
from tests.fixtures.clock import START, Clock
from tests.fixtures.waiting import until

BUDGET = timedelta(seconds=30)


def an_entry(kind: str = "account.created") -> Entry:
    trace = Trace(actor="user:1", address="192.0.2.1", request_id="r")
    return Entry(kind=kind, subject="account:1", event_time=START, trace=trace, after={"é": "1"})


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections=5)
    yield database
    await database.close()


@pytest.fixture
async def sealer(database: Database, database_url: str) -> Sealer:
    return Sealer(database, Wakeups(database_url), Clock())


async def write(database: Database, *kinds: str) -> None:
    async with database.transaction(None) as tx:
        await record(tx, *map(an_entry, kinds))


async def sealed_kinds(database: Database) -> list[str]:
    async with database.transaction(None) as tx:
        found = await tx.scalars(
            select(audit_entries.c.kind)
            .join(audit_seals, audit_seals.c.entry_id == audit_entries.c.id)
            .order_by(audit_seals.c.sequence)
        )
        return list(found)


def measured(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


async def verdict_on(database: Database, from_sequence: int = 0) -> Verdict:
    return await verify(database, from_sequence=from_sequence, budget=BUDGET)


def tamper(postgres: EmbeddedPostgres, database_url: str, statement: str) -> None:
    """Change what is written, as somebody could who has the database itself."""
    name = make_url(database_url).database
    engine = create_engine(make_url(postgres.superuser_url).set(database=name))
    with engine.begin() as connection:
        for table in ("audit_entries", "audit_seals"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


async def test_entries_are_sealed_in_the_order_they_were_written(
    database: Database, sealer: Sealer
) -> None:
    await write(database, "a", "b")
    await write(database, "c")

    assert await sealer.seal_batch() == 3
    assert await sealer.seal_batch() == 0

    assert await sealed_kinds(database) == ["a", "b", "c"]
    verdict = await verdict_on(database)
    assert (verdict.broken, verdict.checked, verdict.last.sequence) == (None, 3, 3)
    assert verdict.waiting.count == 0


async def test_what_is_written_cannot_be_changed_or_deleted(database: Database) -> None:
    await write(database, "a")
    for statement in (
        "UPDATE audit_entries SET kind = 'b'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DELETE FROM audit_seals",
    ):
        with pytest.raises(Exception, match="append-only"):
            async with database.transaction(None) as tx:
                await tx.execute(text(statement))


async def test_an_entry_that_commits_late_is_sealed_and_not_skipped(
    database: Database, sealer: Sealer
) -> None:
    """The trap of a cursor over growing ids: the lower becomes visible after the higher."""
    async with database.transaction(None) as slow:
        await record(slow, an_entry("slow"))
        await write(database, "quick")

        # Nothing may be sealed behind an open transaction: its place is before.
        assert await sealer.seal_batch() == 0
        assert (await verdict_on(database)).waiting.count == 1

    await sealer.seal_batch()
    assert await sealed_kinds(database) == ["slow", "quick"]


async def test_an_open_transaction_that_began_later_holds_nothing_up(
    database: Database, sealer: Sealer
) -> None:
    await write(database, "early")
    async with database.transaction(None) as slow:
        await record(slow, an_entry("late"))
        assert await sealer.seal_batch() == 1
    await sealer.seal_batch()
    assert await sealed_kinds(database) == ["early", "late"]


async def test_ids_that_commit_against_their_order_are_all_sealed(
    database: Database, sealer: Sealer
) -> None:
    async with database.transaction(None) as first, database.transaction(None) as second:
        await first.execute(select(func.pg_current_xact_id()))  # the older transaction...
        await record(second, an_entry("lower id"))
        await second.commit()
        assert await sealer.seal_batch() == 0
        await record(first, an_entry("higher id"))  # ...writes the younger row
    await sealer.seal_batch()
    assert sorted(await sealed_kinds(database)) == ["higher id", "lower id"]


async def test_many_writers_and_two_sealers_lose_nothing_and_double_nothing(
    database: Database, database_url: str, sealer: Sealer
) -> None:
    other = Sealer(database, Wakeups(database_url), Clock())
    written = 0

    async def keep_writing(name: str) -> None:
        nonlocal written
        for number in range(20):
            async with database.transaction(None) as tx:
                await record(tx, an_entry(f"{name}.{number}"))
                await asyncio.sleep(0)
                if number % 7 == 0:
                    await tx.rollback()
                else:
                    written += 1

    async def keep_sealing(one: Sealer) -> None:
        while not all(writer.done() for writer in writers):
            await one.seal_batch()

    writers = [asyncio.create_task(keep_writing(f"writer{n}")) for n in range(3)]
    await asyncio.gather(*writers, keep_sealing(sealer), keep_sealing(other))
    await sealer.seal_batch()

    kinds = await sealed_kinds(database)
    assert len(kinds) == len(set(kinds)) == written
    verdict = await verdict_on(database)
    assert (verdict.broken, verdict.checked) == (None, written)


async def test_only_one_sealer_works_at_a_time(database: Database, sealer: Sealer) -> None:
    await write(database, "a")
    async with database.transaction(None) as other:
        assert await become_sealer(other)
        assert await sealer.seal_batch() == 0
    assert await sealer.seal_batch() == 1


@pytest.mark.parametrize("new_process", [True, False])
async def test_sealing_goes_on_after_the_database_was_restored_elsewhere(
    database: Database,
    database_url: str,
    sealer: Sealer,
    new_process: bool,  # noqa: FBT001  # a table's column
) -> None:
    """A restored database counts its transactions anew: the old rows' numbers are far ahead."""
    await write_as_of(database, "sealed before", 10**12)
    await sealer.seal_batch()
    await write_as_of(database, "written before", 10**12 + 1)
    if new_process:
        sealer = Sealer(database, Wakeups(database_url), Clock())
    for kind in ("written after", "written later"):
        await write(database, kind)
        await sealer.seal_batch()
    again = Sealer(database, Wakeups(database_url), Clock())
    await again.seal_batch()
    await write(database, "last")
    await again.seal_batch()

    assert sorted(await sealed_kinds(database)) == [
        "last",
        "sealed before",
        "written after",
        "written before",
        "written later",
    ]
    assert (await verdict_on(database)).broken is None


async def write_as_of(database: Database, kind: str, transaction_id: int) -> None:
    async with database.transaction(None) as tx:
        row = row_of(an_entry(kind)) | {"transaction_id": transaction_id}
        await tx.execute(insert(audit_entries).values(row))


@pytest.mark.parametrize(
    ("statement", "sequence", "reason"),
    [
        ("UPDATE audit_entries SET after_json = '{}' WHERE kind = 'b'", 2, "ENTRY_EDITED"),
        ("UPDATE audit_entries SET actor = 'user:2' WHERE kind = 'b'", 2, "ENTRY_EDITED"),
        (
            "UPDATE audit_entries SET event_time = event_time + interval '1 us' WHERE kind = 'b'",
            2,
            "ENTRY_EDITED",
        ),
        ("DELETE FROM audit_entries WHERE kind = 'b'", 2, "ENTRY_DELETED"),
        ("UPDATE audit_seals SET entry_hash = '\\x00' WHERE sequence = 2", 2, "SEAL_EDITED"),
        ("UPDATE audit_seals SET previous_hash = '\\x00' WHERE sequence = 3", 3, "SEAL_EDITED"),
        ("DELETE FROM audit_seals WHERE sequence = 2", 2, "SEAL_DELETED"),
        ("UPDATE audit_seals SET entry_hash = '\\x00' WHERE sequence = 4", 4, "ENTRY_OR_SEAL"),
    ],
)
async def test_whoever_changes_the_past_is_found_at_the_very_place(  # noqa: PLR0913, PLR0917  # a table
    database: Database,
    sealer: Sealer,
    postgres: EmbeddedPostgres,
    database_url: str,
    statement: str,
    sequence: int,
    reason: str,
) -> None:
    await write(database, "a", "b", "c", "d")
    await sealer.seal_batch()
    assert (await verdict_on(database)).broken is None

    tamper(postgres, database_url, statement)

    verdict = await verdict_on(database)
    assert verdict.broken is not None
    assert verdict.broken.sequence == sequence
    assert verdict.broken.reason.startswith(reason)
    assert verdict.checked == sequence - 1


async def test_an_edit_where_two_reads_of_the_chain_meet_is_told_as_any_other(
    database: Database, sealer: Sealer, postgres: EmbeddedPostgres, database_url: str
) -> None:
    await write(database, *(f"kind.{number}" for number in range(1, 511)))
    await sealer.seal_batch()
    edit = "UPDATE audit_entries SET actor = 'user:2' WHERE kind = 'kind.500'"
    tamper(postgres, database_url, edit)

    verdict = await verdict_on(database)
    assert verdict.broken is not None
    assert (verdict.broken.sequence, verdict.checked) == (500, 499)
    assert verdict.broken.reason.startswith("ENTRY_EDITED")


async def test_sealing_goes_on_when_the_last_entry_was_deleted_and_the_break_stays(
    database: Database, sealer: Sealer, postgres: EmbeddedPostgres, database_url: str
) -> None:
    await write(database, "a", "b")
    await sealer.seal_batch()
    tamper(postgres, database_url, "DELETE FROM audit_entries WHERE kind = 'b'")
    await write(database, "c")

    assert await sealer.seal_batch() == 1

    verdict = await verdict_on(database)
    assert verdict.broken is not None
    assert verdict.broken.sequence == 2


async def test_a_chain_can_be_verified_in_parts(database: Database, sealer: Sealer) -> None:
    await write(database, *(f"kind.{number}" for number in range(1200)))
    while await sealer.seal_batch():
        pass
    whole = await verdict_on(database)
    assert (whole.checked, whole.broken) == (1200, None)
    # No time at all: what was checked is told, and where to go on.
    none = await verify(database, from_sequence=0, budget=timedelta(0))
    assert (none.checked, none.broken) == (0, None)
    rest = await verdict_on(database, from_sequence=1101)
    assert (rest.checked, rest.broken, rest.last.sequence) == (100, None, 1200)
    beyond = await verdict_on(database, from_sequence=1202)
    assert beyond.broken is not None


async def test_the_loop_seals_by_itself_and_says_how_far_it_lags(
    database: Database, database_url: str
) -> None:
    wakeups, clock = Wakeups(database_url), Clock(START + timedelta(seconds=7))
    sealer = Sealer(database, wakeups, clock)
    async with database.transaction(None) as slow:
        await record(slow, an_entry("slow"))
        await write(database, "quick")
        await sealer.seal_batch()
        assert measured("audit_unsealed_entries") == 1
        assert measured("audit_seal_lag_seconds") == 7

    running = asyncio.create_task(sealer.run())
    with wakeups.subscribe("sealed") as sealed:
        await until(lambda: sealed.wait(timedelta(milliseconds=50)), "the bell of the sealer")
        assert await sealed_kinds(database) == ["slow", "quick"]
    running.cancel()


async def test_the_loop_goes_on_after_the_database_was_away(
    database: Database, database_url: str, postgres: EmbeddedPostgres
) -> None:
    sealer = Sealer(database, Wakeups(database_url), Clock())
    await write(database, "before")
    running = asyncio.create_task(sealer.run())

    async def all_sealed() -> bool:
        return (await verdict_on(database)).waiting.count == 0

    await until(all_sealed, "the first entry sealed")
    failed = measured("audit_seal_failures_total")
    end_sessions(postgres, database_url)

    async def failure_counted() -> bool:
        return measured("audit_seal_failures_total") > failed

    await until(failure_counted, "the failure seen")
    await write(database, "after")
    await until(all_sealed, "the second entry sealed")
    assert await sealed_kinds(database) == ["before", "after"]
    running.cancel()


def end_sessions(postgres: EmbeddedPostgres, database_url: str) -> None:
    engine = create_engine(make_url(postgres.superuser_url))
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": make_url(database_url).database},
        )
    engine.dispose()
