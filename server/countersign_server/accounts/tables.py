"""What is remembered of accounts, strategies and who follows whom."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

accounts = Table(
    "accounts",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("users.id")),
    text("name"),
    text("broker"),
    text("server"),
    Column("login", BigInteger, nullable=False),
    text("currency"),
    text("margin_mode"),
    Column("demo", Boolean, nullable=False),
    amount("max_volume", nullable=True),
    Column("max_open_positions", Integer, nullable=True),
    Column("max_commands_per_minute", Integer, nullable=True),
    # The defaults are those of a new account, for rows that an older server adds.
    Column("max_orders_per_second", Integer, nullable=True, server_default=sql("10")),
    Column("max_identical_orders_per_minute", Integer, nullable=True, server_default=sql("20")),
    Column("owner_signature_required", Boolean, nullable=False, server_default=sql("false")),
    text("trading_state", server_default="active"),
    text("trading_cause", server_default=""),
    moment("trading_since"),
    # Counts the changes of the trading state.
    Column("latch", BigInteger, nullable=False, server_default=sql("0")),
    # Counts the grants ever issued; a bridge that has seen more proves a restored backup.
    Column("generation", BigInteger, nullable=False, server_default=sql("0")),
    moment("created_at"),
    UniqueConstraint("owner_id", "server", "login", name="one_account_per_owner_and_login"),
    UniqueConstraint("owner_id", "id", name="account_belongs_to_owner"),
)

# Of all accounts of a user together; whoever has none has no row.
owner_limits = Table(
    "owner_limits",
    metadata,
    identifier("owner_id", ForeignKey("users.id"), primary_key=True),
    Column("max_orders_per_second", Integer, nullable=True),
    Column("max_orders_per_minute", Integer, nullable=True),
    amount("max_lots", nullable=True),
    Column("max_positions", Integer, nullable=True),
    # By currency: {"USD": "500"}.
    Column("max_daily_losses", JSONB, nullable=False, server_default=sql("'{}'")),
    moment("updated_at"),
)

account_symbols = Table(
    "account_symbols",
    metadata,
    identifier("owner_id"),
    identifier("account_id", primary_key=True),
    text("instrument", primary_key=True),
    text("symbol"),
    Column("properties", JSONB, nullable=False),
    text("fingerprint"),
    moment("confirmed_at"),
    UniqueConstraint("account_id", "symbol", name="one_instrument_per_symbol"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

# What the terminal says of its symbols, newest only.
broker_symbols = Table(
    "broker_symbols",
    metadata,
    identifier("owner_id"),
    identifier("account_id", primary_key=True),
    text("symbol", primary_key=True),
    Column("properties", JSONB, nullable=False),
    text("fingerprint"),
    moment("reported_at"),
    amount("bid", nullable=True),
    amount("ask", nullable=True),
    moment("quoted_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

producers = Table(
    "producers",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("users.id")),
    text("name"),
    Column("instruments", ARRAY(Text), nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=sql("false")),
    Column("max_openings_per_minute", Integer, nullable=True),
    moment("created_at"),
    UniqueConstraint("owner_id", "name", name="one_producer_per_owner_and_name"),
    UniqueConstraint("owner_id", "id", name="producer_belongs_to_owner"),
)

# Switches by which a person stops a producer, or everything; `owner_id` NULL: everything.
kill_switches = Table(
    "kill_switches",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", nullable=True),
    identifier("producer_id", ForeignKey("producers.id"), nullable=True),
    text("state"),
    text("reason"),
    text("actor"),
    Column("by_operator", Boolean, nullable=False),
    moment("created_at"),
    moment("released_at", nullable=True),
)
Index(
    "kill_switches_that_hold",
    kill_switches.c.producer_id,
    postgresql_where=sql("released_at IS NULL"),
)

# What switches leave of producers; who is not in it may trade. Everybody's to see: the accounts of
# others follow them.
halted_producers = Table(
    "halted_producers",
    metadata,
    identifier("producer_id", ForeignKey("producers.id"), primary_key=True),
    text("state"),
)

producer_keys = Table(
    "producer_keys",
    metadata,
    text("id", primary_key=True),
    identifier("owner_id"),
    identifier("producer_id", index=True),
    # "hmac-sha256" or "ed25519"; never changes.
    text("algorithm"),
    Column("public_key", LargeBinary, nullable=True),
    Column("secret_sealed", LargeBinary, nullable=True),
    identifier("request_id"),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
    UniqueConstraint("producer_id", "request_id", name="one_producer_key_per_request"),
    ForeignKeyConstraint(["owner_id", "producer_id"], ["producers.owner_id", "producers.id"]),
)

consent_texts = Table(
    "consent_texts",
    metadata,
    text("version", primary_key=True),
    text("text"),
    text("text_sha256"),
    moment("published_at"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    identifier("producer_id", ForeignKey("producers.id"), index=True),
    # "fixed-lots", "multiplier", "balance", "equity" or "risk", and its one number.
    text("sizing_rule"),
    amount("sizing_value"),
    text("approval_mode"),
    text("quiet_start", nullable=True),
    text("quiet_end", nullable=True),
    text("quiet_zone", nullable=True),
    amount("max_volume", nullable=True),
    amount("max_drift_pips", nullable=True),
    amount("max_spread_pips", nullable=True),
    Column("max_signal_age_seconds", Integer, nullable=True),
    amount("automatic_max_volume", nullable=True),
    Column("max_orders_per_minute", Integer, nullable=True),
    amount("max_money_at_risk", nullable=True),
    Column("instruments", ARRAY(Text), nullable=False),
    text("consent_version", ForeignKey("consent_texts.version")),
    moment("consented_at"),
    Column("close_on_expiry", Boolean, nullable=False),
    moment("created_at"),
    moment("cancelled_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "one_live_subscription_per_account_and_producer",
    subscriptions.c.account_id,
    subscriptions.c.producer_id,
    unique=True,
    postgresql_where=sql("cancelled_at IS NULL"),
)

# The newest snapshot of each account.
snapshots = Table(
    "snapshots",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    Column("session_epoch", LargeBinary, nullable=False),
    Column("revision", BigInteger, nullable=False),
    amount("balance"),
    amount("equity"),
    Column("body", LargeBinary, nullable=False),
    Column("connected", Boolean, nullable=False),
    moment("event_time"),
    moment("received_at"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
