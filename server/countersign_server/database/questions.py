"""Several questions asked of the database in one round trip.

What a statement costs is mostly the way there and back, and SQLAlchemy's care for it; a transaction
that asks for five things that it knows beforehand pays for one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

_DIALECT = PGDialectAsync_psycopg()


class Question:
    """A SELECT that is compiled once; what differs from one asking to the next are bindparams."""

    def __init__(self, statement: ClauseElement) -> None:
        self._compiled: Any = statement.compile(dialect=_DIALECT)
        self.text = str(self._compiled).encode()

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._compiled.construct_params(given))


async def ask(
    tx: AsyncConnection, *asked: tuple[Question, Mapping[str, Any]]
) -> Sequence[Sequence[Any]]:
    """Return the rows of each question, in the order asked; columns are attributes, by name.

    Raises sqlalchemy.exc.DBAPIError, as the connection's own statements do.
    """
    driver: Any = (await tx.get_raw_connection()).driver_connection
    try:
        async with driver.pipeline():
            cursors = [
                await driver.cursor(row_factory=namedtuple_row).execute(
                    question.text, question.values(given), prepare=True
                )
                for question, given in asked
            ]
        return [await cursor.fetchall() for cursor in cursors]
    except psycopg.Error as error:
        raise _as_the_connection_would(error, driver) from error
    except BaseException:
        # A call that is called off here leaves answers that nobody has read, and whoever is given
        # the connection next would find nothing in their place.
        await tx.invalidate()
        raise


def _as_the_connection_would(error: psycopg.Error, driver: Any) -> BaseException:  # noqa: ANN401  # a psycopg connection of any rows
    return DBAPIError.instance(
        statement=None,
        params=None,
        orig=error,
        dbapi_base_err=psycopg.Error,
        hide_parameters=True,
        connection_invalidated=driver.closed,
        dialect=_DIALECT,
    )
