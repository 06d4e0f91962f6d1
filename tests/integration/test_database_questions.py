"""Questions that are asked together answer as if each had been asked alone."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import Integer, bindparam, func, literal, select, text
from sqlalchemy.exc import DataError, OperationalError

from countersign_server.database.engine import Database
from countersign_server.database.questions import Question, ask

NUMBERS = Question(
    select(func.generate_series(1, bindparam("upto", type_=Integer)).label("number"))
)
QUOTIENT = Question(select((literal(1) / bindparam("divisor", type_=Integer)).label("quotient")))
TENANT = Question(select(func.current_setting("countersign.tenant").label("tenant")))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, connections=1)
    yield opened
    await opened.close()


async def test_each_answer_comes_in_the_order_of_the_questions(database: Database) -> None:
    async with database.transaction(None) as tx:
        two, none, again = await ask(
            tx, (NUMBERS, {"upto": 2}), (NUMBERS, {"upto": 0}), (NUMBERS, {"upto": 3})
        )
    assert [[row.number for row in rows] for rows in (two, none, again)] == [[1, 2], [], [1, 2, 3]]


async def test_a_question_sees_what_the_transaction_has_done_and_for_whom(
    database: Database,
) -> None:
    tenant = uuid4()
    async with database.transaction(tenant) as tx:
        await tx.execute(text("CREATE TEMPORARY TABLE seen (number int) ON COMMIT DROP"))
        await tx.execute(text("INSERT INTO seen VALUES (7)"))
        seen, bound = await ask(tx, (Question(text("SELECT number FROM seen")), {}), (TENANT, {}))
    assert [row.number for row in seen] == [7]
    assert [row.tenant for row in bound] == [str(tenant)]
    async with database.transaction(None) as tx:
        assert (await tx.execute(text("SELECT to_regclass('pg_temp.seen')"))).scalar() is None


async def test_what_the_database_refuses_is_refused_as_by_the_connection_itself(
    database: Database,
) -> None:
    with pytest.raises(DataError, match="division by zero"):
        async with database.transaction(uuid4()) as tx:
            await ask(tx, (NUMBERS, {"upto": 1}), (QUOTIENT, {"divisor": 0}), (TENANT, {}))
    async with database.transaction(uuid4()) as tx:
        ((row,),) = await ask(tx, (QUOTIENT, {"divisor": 1}))
    assert row.quotient == 1


async def test_a_connection_that_broke_is_not_used_again(database: Database) -> None:
    ends_itself = Question(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(OperationalError):
        async with database.transaction(None) as tx:
            await ask(tx, (ends_itself, {}))
    async with database.transaction(None) as tx:
        ((row,),) = await ask(tx, (NUMBERS, {"upto": 1}))
    assert row.number == 1
