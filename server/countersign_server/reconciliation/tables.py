"""What is remembered of comparisons: when, what came of them, and what they found."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

# How each account stands. A row is also the turn to compare it: whoever holds the lease has it.
reconciliations = Table(
    "reconciliations",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    moment("due_at"),
    identifier("lease_id", nullable=True),
    moment("leased_until", nullable=True),
    Column("failures", Integer, nullable=False, server_default=sql("0")),
    moment("paused_until", nullable=True),
    # The last look: when, and in which session of the bridge.
    moment("looked_at", nullable=True),
    Column("session_epoch", LargeBinary, nullable=False, server_default=sql("''")),
    # The snapshot that was compared last, and up to when deals were.
    moment("snapshot_at", nullable=True),
    # What the terminal held when nothing was left to say, and until when that may be relied on.
    Column("agreed_sha256", LargeBinary, nullable=False, server_default=sql("''")),
    moment("agreed_until", nullable=True),
    moment("deals_at", nullable=True),
    identifier("run_id", nullable=True),
    moment("statement_due_at", nullable=True),
    amount("statement_difference", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("reconciliations_by_due", reconciliations.c.due_at)

# Commands that opened something, until their position is over in our book.
trades = Table(
    "trades",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("command_id", ForeignKey("commands.id"), primary_key=True),
    identifier("owner_id"),
    # Deals of others up to this ticket are in our book.
    Column("adopted_deal", BigInteger, nullable=False, server_default=sql("0")),
    moment("over_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "trades_not_over",
    trades.c.account_id,
    postgresql_where=sql("over_at IS NULL"),
)

divergences = Table(
    "divergences",
    metadata,
    identifier("id", primary_key=True),
    identifier("account_id"),
    identifier("owner_id"),
    text("kind"),
    text("state"),
    identifier("command_id", nullable=True),
    Column("position_id", BigInteger, nullable=False),
    Column("deal_ticket", BigInteger, nullable=False),
    text("expected_json"),
    text("actual_json"),
    moment("created_at"),
    moment("seen_at"),
    moment("ended_at", nullable=True),
    text("reason", server_default=""),
    moment("closing_since", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("divergences_by_time", divergences.c.created_at, divergences.c.id)
Index("divergences_of_account", divergences.c.account_id, divergences.c.created_at)
Index("divergences_of_position", divergences.c.account_id, divergences.c.position_id)
Index(
    "divergences_not_over",
    divergences.c.account_id,
    postgresql_where=sql("state IN ('open', 'escalated')"),
)

# One for each change of what runs find; `snapshot` is what the terminal held then.
reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    identifier("id", primary_key=True),
    identifier("account_id"),
    identifier("owner_id"),
    moment("started_at"),
    moment("ended_at"),
    Column("matched", Integer, nullable=False),
    Column("diverged", Integer, nullable=False),
    text("failure_reason", server_default=""),
    Column("snapshot", LargeBinary, nullable=True),
    moment("snapshot_read_at", nullable=True),
    moment("snapshot_stored_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "reconciliation_runs_of_account",
    reconciliation_runs.c.account_id,
    reconciliation_runs.c.started_at,
)

reconciliation_policies = Table(
    "reconciliation_policies",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    Column("rules", JSONB, nullable=False),
    moment("updated_at"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
