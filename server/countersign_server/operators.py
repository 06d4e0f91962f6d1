"""Making the first operator from the command line."""

from datetime import UTC, datetime
from uuid import UUID

from countersign_server.database.engine import Database
from countersign_server.database.schema_version import check_schema
from countersign_server.identity.bootstrap import create_operator


async def create_operator_with_password(*, database_url: str, email: str, password: str) -> UUID:
    """Make an operator who can sign in at once, and return its id.

    Raises SchemaMismatch, Invalid, EmailTaken.
    """
    database = Database(database_url, connections=1)
    try:
        await check_schema(database.system_engine)
        user = await create_operator(
            database,
            email=email,
            password=password,
            display_name="Operator",
            now=datetime.now(UTC),
        )
    finally:
        await database.close()
    return user.id
