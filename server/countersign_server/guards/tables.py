"""What guards remember, judge by, did, and close."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

# One for each account that was ever seen. Whoever holds the row judges the account.
guards = Table(
    "guards",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    # As countersign_guards.state_text writes it; empty: nothing yet.
    text("memory", server_default=""),
    Column("policy_version", BigInteger, nullable=False, server_default=sql("0")),
    # Counts the changes of latch and policy: what the bridge has to be told of.
    Column("changes", BigInteger, nullable=False, server_default=sql("0")),
    # When the newest snapshot that was judged was stored.
    moment("viewed_at", nullable=True),
    # When to look though no snapshot came: a closing that was announced, or is to be tried again.
    moment("due_at", nullable=True),
    # What the bridge's guard reported until then has been taken in.
    moment("told_until", nullable=True),
    # When any of this was kept last.
    moment("kept_at", nullable=True),
    # What was paid in when the balance was this, and when that was added up.
    amount("paid_balance", nullable=True),
    amount("paid_in", nullable=True),
    moment("paid_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

guard_policies = Table(
    "guard_policies",
    metadata,
    identifier("account_id", primary_key=True),
    Column("version", BigInteger, primary_key=True),
    identifier("owner_id"),
    text("text"),
    text("digest"),
    text("statement"),
    Column("server_signature", LargeBinary, nullable=False),
    text("server_key_id"),
    Column("owner_signature", JSONB, nullable=True),
    text("actor"),
    moment("created_at"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

guard_events = Table(
    "guard_events",
    metadata,
    identifier("id", primary_key=True),
    identifier("account_id"),
    identifier("owner_id"),
    text("natural_key"),
    text("act"),
    # "server" or "bridge".
    text("side"),
    text("rule_id"),
    Column("standing", JSONB, nullable=True),
    Column("latch", JSONB, nullable=False),
    moment("close_at", nullable=True),
    text("evidence_json", server_default=""),
    Column("policy_version", BigInteger, nullable=False),
    moment("event_time"),
    moment("received_at"),
    UniqueConstraint("account_id", "natural_key", name="one_guard_event_per_natural_key"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("guard_events_by_time", guard_events.c.received_at, guard_events.c.id)

# One for each time that everything of an account had to be closed.
drawdown_alerts = Table(
    "drawdown_alerts",
    metadata,
    identifier("id", primary_key=True),
    identifier("account_id"),
    identifier("owner_id"),
    # Names the trip on both sides of a link: "drawdown:3", or the switch that was pulled.
    text("trip"),
    text("cause"),
    Column("resets", BigInteger, nullable=False),
    text("side"),
    Column("evidence", JSONB, nullable=True),
    moment("created_at"),
    moment("ended_at", nullable=True),
    UniqueConstraint("account_id", "trip", name="one_alert_per_trip"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("drawdown_alerts_by_time", drawdown_alerts.c.created_at, drawdown_alerts.c.id)

# One for each attempt to close a position or to cancel a pending order.
guard_closings = Table(
    "guard_closings",
    metadata,
    # Of a command of ours: the command's. Of the bridge's own: its attempt's.
    identifier("id", primary_key=True),
    identifier("account_id"),
    identifier("owner_id"),
    identifier("alert_id", ForeignKey("drawdown_alerts.id"), nullable=True, index=True),
    text("cause"),
    text("side"),
    # None: the bridge closed by itself, or no command could be made.
    identifier("command_id", ForeignKey("commands.id"), nullable=True),
    # The tag of its order; 0: none could be made.
    Column("magic", BigInteger, nullable=False),
    Column("position_id", BigInteger, nullable=False),
    Column("order_ticket", BigInteger, nullable=False),
    text("symbol"),
    text("position_side"),
    amount("volume", nullable=True),
    # Counts the attempts for one position, within its cause.
    Column("attempt", Integer, nullable=False),
    # How it ended where no command says so; empty: not yet.
    text("outcome", server_default=""),
    text("reason", server_default=""),
    moment("created_at"),
    moment("updated_at"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("guard_closings_of_account", guard_closings.c.account_id, guard_closings.c.created_at)
