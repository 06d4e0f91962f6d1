"""Arrays arrive in the database as they were meant."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from countersign_server.database.arrays import (
    Array,
    byte_strings,
    moments,
    small_integers,
    texts,
    uuids,
)
from countersign_server.database.line import Line

TEXTS = ["", "é𝄞", "a" * 70_000, "NULL", '"{},']
MOMENTS = [
    datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2))),
    datetime(2026, 11, 21, 1, 2, 3, 4, UTC),
]


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    line = Line(database_url)
    yield line
    await line.close()


@pytest.mark.parametrize(
    ("build", "kind", "values"),
    [
        (uuids, "uuid", [UUID(int=0), uuid4(), UUID(int=2**128 - 1)]),
        (texts, "text", TEXTS),
        (byte_strings, "bytea", [b"", b"\0\xff", bytes(300)]),
        (small_integers, "int2", [-(2**15), 0, 2**15 - 1]),
        (moments, "timestamptz", MOMENTS),
    ],
    ids=["uuid", "text", "bytea", "int2", "timestamptz"],
)
async def test_values_arrive_as_they_were_and_in_their_order(
    line: Line, build: Callable[[Sequence[Any]], Array], kind: str, values: list[Any]
) -> None:
    statement = f"SELECT * FROM unnest(%(values)b::{kind}[])".encode()  # noqa: S608  # of the list above

    assert [row[0] for row in await line.execute(statement, {"values": build(values)})] == values
    assert await line.execute(statement, {"values": build([])}) == []
