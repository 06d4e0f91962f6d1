"""What is remembered of commands, and of what the terminals did."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

# The commands table is the outbox: what is in it and not over is what bridges are told.
commands = Table(
    "commands",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    identifier("signal_id", ForeignKey("signals.id"), nullable=True, index=True),
    identifier("approval_id", ForeignKey("approvals.id"), nullable=True),
    text("kind"),
    text("state"),
    Column("attempt", Integer, nullable=False, server_default=sql("1")),
    text("instrument"),
    text("symbol"),
    text("side"),
    amount("volume", nullable=True),
    amount("price_min", nullable=True),
    amount("price_max", nullable=True),
    text("intent_text"),
    text("intent_digest"),
    Column("server_signature", LargeBinary, nullable=False),
    text("server_key_id"),
    Column("owner_signature", JSONB, nullable=True),
    # The tag of the current attempt's order, written down before it can be granted.
    Column("magic", BigInteger, nullable=False),
    # The command that opened what this one modifies, closes or cancels.
    identifier("opening_command_id", ForeignKey("commands.id"), nullable=True),
    moment("created_at"),
    moment("offered_at", nullable=True),
    moment("granted_at", nullable=True),
    moment("updated_at"),
    moment("expires_at"),
    Column("grant_id", LargeBinary, nullable=True),
    Column("claim_nonce", LargeBinary, nullable=True),
    Column("generation", BigInteger, nullable=True),
    identifier("device_id", nullable=True),
    text("reason", server_default=""),
    Column("cancel_asked", Boolean, nullable=False, server_default=sql("false")),
    Column("order_ticket", BigInteger, nullable=False, server_default=sql("0")),
    Column("position_id", BigInteger, nullable=False, server_default=sql("0")),
    amount("filled_volume", server_default=sql("0")),
    amount("average_price", nullable=True),
    # What a person said of it while it was in doubt; empty: nothing. It changes no state.
    text("settled_as", server_default=""),
    moment("settled_at", nullable=True),
    # The person's word that this command closes an exposure by.
    identifier("settlement_id", ForeignKey("settlements.id", use_alter=True), nullable=True),
    UniqueConstraint("settlement_id", name="one_close_per_settlement"),
    UniqueConstraint("approval_id", name="one_command_per_approval"),
    UniqueConstraint("account_id", "magic", name="one_command_per_magic"),
    UniqueConstraint("grant_id", name="one_command_per_grant"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "commands_not_over",
    commands.c.account_id,
    commands.c.created_at,
    postgresql_where=sql("state IN ('approved', 'offered', 'granted', 'working', 'in-doubt')"),
)
# Openings of the same symbol and direction are held back by these.
Index(
    "commands_in_doubt",
    commands.c.account_id,
    commands.c.symbol,
    commands.c.side,
    postgresql_where=sql("state IN ('in-doubt', 'presumed-not-executed') AND settled_as = ''"),
)
# Done by the bridge's word; no deal has shown it.
UNTRACED = "commands.state IN ('executed', 'partial') AND commands.filled_volume = 0"
Index(
    "commands_untraced",
    commands.c.account_id,
    postgresql_where=sql(UNTRACED.replace("commands.", "")),
)
Index(
    "commands_to_expire",
    commands.c.expires_at,
    postgresql_where=sql("state IN ('approved', 'offered')"),
)
Index("commands_by_time", commands.c.owner_id, commands.c.created_at, commands.c.id)

# How fast an account has come to trade.
Index("commands_by_creation", commands.c.account_id, commands.c.created_at)
Index(
    "commands_by_grant",
    commands.c.account_id,
    commands.c.granted_at,
    postgresql_where=sql("granted_at IS NOT NULL"),
)

settlements = Table(
    "settlements",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    identifier("command_id", ForeignKey("commands.id"), index=True),
    text("settled_as"),
    Column("ticket", BigInteger, nullable=False),
    text("reason"),
    text("actor"),
    moment("created_at"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

# Every attempt's tag for ever: a deal finds its command by it, however late it comes.
command_tags = Table(
    "command_tags",
    metadata,
    identifier("account_id", primary_key=True),
    Column("magic", BigInteger, primary_key=True),
    identifier("owner_id"),
    identifier("command_id", ForeignKey("commands.id")),
    Column("attempt", Integer, nullable=False),
)

# How many anomalies an account has had within the newest hour that had any.
anomaly_counts = Table(
    "anomaly_counts",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    moment("hour"),
    Column("count", BigInteger, nullable=False),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

command_reports = Table(
    "command_reports",
    metadata,
    identifier("account_id", primary_key=True),
    text("natural_key", primary_key=True),
    identifier("owner_id"),
    identifier("command_id", nullable=True, index=True),
    identifier("device_id"),
    text("kind"),
    text("outcome", server_default=""),
    Column("retcode", Integer, nullable=False, server_default=sql("0")),
    Column("error_code", Integer, nullable=False, server_default=sql("0")),
    text("reason", server_default=""),
    text("detail", server_default=""),
    Column("body", LargeBinary, nullable=False),
    moment("event_time"),
    moment("received_at"),
)

Index(
    "evidence_by_command",
    command_reports.c.command_id,
    command_reports.c.event_time,
    postgresql_where=sql("kind = 'evidence'"),
)

# What a bridge's guard tells, for the guards of this side to take in.
GUARD_REPORTS = "command_reports.kind IN ('guard-held', 'guard-acted', 'guard-close')"
Index(
    "reports_of_guards",
    command_reports.c.account_id,
    command_reports.c.received_at,
    postgresql_where=sql(GUARD_REPORTS.replace("command_reports.", "")),
)

deals = Table(
    "deals",
    metadata,
    identifier("account_id", primary_key=True),
    Column("ticket", BigInteger, primary_key=True),
    identifier("owner_id"),
    identifier("command_id", nullable=True, index=True),
    Column("order_ticket", BigInteger, nullable=False),
    Column("position_id", BigInteger, nullable=False),
    Column("magic", BigInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    text("entry"),
    Column("reason", SmallInteger, nullable=False),
    text("symbol"),
    amount("volume"),
    amount("price"),
    amount("profit"),
    amount("commission"),
    amount("swap"),
    amount("fee"),
    Column("broker_time_ms", BigInteger, nullable=False),
    Column("broker_utc_offset_seconds", Integer, nullable=True),
    text("comment"),
    moment("event_time"),
    moment("received_at"),
    # Whether the statistics have it, and whose trade it was counted as.
    Column("counted", Boolean, nullable=False, server_default=sql("false")),
    identifier("counted_for", nullable=True),
    # The broker has cancelled it since: what the statistics have of it is to be taken out.
    Column("counted_as_it_was", Boolean, nullable=False, server_default=sql("false")),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("deals_by_position", deals.c.account_id, deals.c.position_id)
Index("deals_by_arrival", deals.c.account_id, deals.c.received_at)
Index("deals_in_order", deals.c.account_id, deals.c.broker_time_ms, deals.c.ticket)
Index(
    "deals_to_count",
    deals.c.account_id,
    deals.c.broker_time_ms,
    deals.c.ticket,
    postgresql_where=sql("NOT counted"),
)
