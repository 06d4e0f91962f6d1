"""What is remembered of decisions."""

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

approvals = Table(
    "approvals",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("signal_id", ForeignKey("signals.id")),
    identifier("account_id"),
    identifier("subscription_id", ForeignKey("subscriptions.id")),
    identifier("producer_id"),
    text("state"),
    # What approving it signs; NULL when it was declined before a volume was found.
    text("intent_text", nullable=True),
    text("intent_digest", nullable=True),
    text("kind", nullable=True),
    text("instrument"),
    text("symbol", nullable=True),
    text("side"),
    amount("volume", nullable=True),
    amount("price_min", nullable=True),
    amount("price_max", nullable=True),
    amount("stop_loss", nullable=True),
    amount("take_profit", nullable=True),
    amount("price", nullable=True),
    moment("intent_expires_at", nullable=True),
    # The approval whose command opened what this one is about.
    identifier("opening_approval_id", nullable=True),
    amount("signal_price", nullable=True),
    amount("money_at_risk", nullable=True),
    text("currency"),
    text("note", server_default=""),
    text("reason", server_default=""),
    text("mode", server_default=""),
    identifier("decided_by", nullable=True),
    text("consent_version"),
    text("caller_address", server_default=""),
    text("caller_agent", server_default=""),
    moment("created_at"),
    moment("decided_at", nullable=True),
    amount("decided_price", nullable=True),
    moment("expires_at"),
    identifier("command_id", nullable=True),
    Column("server_signature", LargeBinary, nullable=True),
    text("server_key_id", nullable=True),
    Column("owner_signature", JSONB, nullable=True),
    # Where it would have taken the account, and which limit it would have broken, as it was laid.
    Column("foresight", JSONB, nullable=True),
    text("risk_reason", server_default=""),
    UniqueConstraint("signal_id", "account_id", name="one_approval_per_signal_and_account"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "approvals_waiting",
    approvals.c.owner_id,
    approvals.c.expires_at,
    postgresql_where=sql("state = 'pending'"),
)
Index(
    "approvals_to_expire",
    approvals.c.expires_at,
    postgresql_where=sql("state = 'pending'"),
)
Index("approvals_by_owner", approvals.c.owner_id, approvals.c.id)
Index("approvals_by_time", approvals.c.account_id, approvals.c.created_at)
