"""Code and database agree on the schema, or the server says what to do."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from countersign_server.database.schema_version import (
    SchemaMismatch,
    check_schema,
    expected_revision,
    migrate,
)
from countersign_server.tables import metadata


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def empty_engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(empty_database_url)
    yield engine
    await engine.dispose()


async def test_a_migrated_database_fits_the_code(engine: AsyncEngine) -> None:
    await check_schema(engine)


async def test_an_empty_database_is_refused_with_the_command_to_run(
    empty_engine: AsyncEngine,
) -> None:
    with pytest.raises(SchemaMismatch) as refused:
        await check_schema(empty_engine)

    assert str(refused.value) == (
        f"the database is at schema none, this code expects {expected_revision()}: "
        "run `countersign-server migrate`"
    )


async def test_an_older_database_is_refused_with_the_command_to_run(engine: AsyncEngine) -> None:
    await _pretend_revision(engine, "0000")

    with pytest.raises(SchemaMismatch, match=r"at schema 0000.*run `countersign-server migrate`"):
        await check_schema(engine)


async def test_a_newer_database_is_refused_by_the_check_and_left_alone_by_migrate(
    engine: AsyncEngine, database_url: str
) -> None:
    await _pretend_revision(engine, "9999")

    with pytest.raises(SchemaMismatch, match=r"at schema 9999.*start the version of the server"):
        await check_schema(engine)
    with pytest.raises(SchemaMismatch, match=r"at schema 9999.*start the version of the server"):
        migrate(database_url)


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    assert migrate(empty_database_url) == expected_revision()
    assert migrate(empty_database_url) == expected_revision()


def test_servers_that_migrate_at_the_same_time_wait_for_each_other(
    empty_database_url: str,
) -> None:
    with ThreadPoolExecutor(4) as servers:
        revisions = list(servers.map(migrate, [empty_database_url] * 4))

    assert revisions == [expected_revision()] * 4


async def test_the_migrations_make_the_tables_that_the_code_declares(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def _pretend_revision(engine: AsyncEngine, revision: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
