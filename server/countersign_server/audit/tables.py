"""The event log, and the seals that chain it."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    LargeBinary,
    Table,
    text as sql,
)

from countersign_server.database.metadata import identifier, metadata, moment, text

# Append-only: a trigger refuses every UPDATE and DELETE.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # Which transaction wrote it: a row is sealed only when nothing older can still commit.
    Column(
        "transaction_id",
        BigInteger,
        nullable=False,
        server_default=sql("(pg_current_xact_id()::text)::bigint"),
    ),
    moment("event_time"),
    text("kind"),
    text("actor"),
    text("caller_address", server_default=""),
    text("request_id", server_default=""),
    identifier("owner_id", nullable=True),
    text("subject"),
    identifier("signal_id", nullable=True),
    identifier("account_id", nullable=True),
    identifier("command_id", nullable=True),
    text("before_json", server_default=""),
    text("after_json", server_default=""),
)
# The order in which entries are sealed: what an open transaction still holds back comes after.
Index("audit_entries_by_transaction", audit_entries.c.transaction_id, audit_entries.c.id)
for _column in ("owner_id", "signal_id", "account_id", "command_id"):
    Index(
        f"audit_entries_by_{_column}",
        audit_entries.c[_column],
        audit_entries.c.id,
        postgresql_where=audit_entries.c[_column].isnot(None),
    )

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    # No foreign key: it would lock, and so rewrite, every entry that is sealed. An entry that is
    # missing is found by verifying the chain.
    Column("entry_id", BigInteger, nullable=False, unique=True),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("entry_hash", LargeBinary, nullable=False),
)
