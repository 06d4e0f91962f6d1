"""How a migration meets the database: on the connection that `migrate` has opened and locked."""

from alembic import context
from sqlalchemy import Connection

from countersign_server.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # A failed migration leaves the schema of the one before, not of the first.
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
