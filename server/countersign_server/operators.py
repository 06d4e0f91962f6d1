"""What only somebody with the server's own keys does, from its command line."""

from datetime import UTC, datetime
from uuid import UUID

from countersign_server.affiliates.bank_details import BankDetails
from countersign_server.affiliates.paying import opened_bank_details
from countersign_server.database.engine import Database
from countersign_server.database.schema_version import check_schema
from countersign_server.identity.bootstrap import create_operator
from countersign_server.identity.vault import Vault


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


async def open_bank_details(
    *, database_url: str, sealing_key: bytes, payout_id: UUID
) -> BankDetails:
    """Return where the money of an approved payout goes; the audit tells that it was opened.

    Raises SchemaMismatch, NotFound, IllegalTransition, SealBroken.
    """
    database = Database(database_url, connections=1)
    try:
        await check_schema(database.system_engine)
        return await opened_bank_details(
            database, Vault(sealing_key), payout_id, now=datetime.now(UTC)
        )
    finally:
        await database.close()
