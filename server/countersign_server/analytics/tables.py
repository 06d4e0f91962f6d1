"""What is remembered of figures: as they stand, day by day, part by part, and what equity did."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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

# A history is an account, under the account's own id, or one that was imported.
figures = Table(
    "figures",
    metadata,
    identifier("history_id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id", nullable=True),
    text("currency"),
    # Figures in order: of all deals up to the place, and of each producer's among them.
    Column("state", JSONB, nullable=False),
    Column("place_ms", BigInteger, nullable=False, server_default=sql("-1")),
    Column("place_ticket", BigInteger, nullable=False, server_default=sql("0")),
    Column("deals", BigInteger, nullable=False, server_default=sql("0")),
    # Deals after the place are to be counted into the state again: an earlier one came late.
    Column("behind", Boolean, nullable=False, server_default=sql("false")),
    Column("first_deal_ms", BigInteger, nullable=True),
    Column("equity", JSONB, nullable=True),
    moment("equity_read_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

Index("figures_behind", figures.c.history_id, postgresql_where=sql("behind"))

# The state as it was at places before: where counting begins again when a deal comes late.
figure_checkpoints = Table(
    "figure_checkpoints",
    metadata,
    identifier("history_id", ForeignKey("figures.history_id"), primary_key=True),
    Column("place_ms", BigInteger, primary_key=True),
    Column("place_ticket", BigInteger, primary_key=True),
    identifier("owner_id"),
    Column("deals", BigInteger, nullable=False),
    Column("state", JSONB, nullable=False),
)

# `scope` is the history's id for all of its deals, or a producer's for that producer's.
figure_days = Table(
    "figure_days",
    metadata,
    identifier("history_id", ForeignKey("figures.history_id"), primary_key=True),
    identifier("scope", primary_key=True),
    Column("day", Date, primary_key=True),
    identifier("owner_id"),
    amount("paid"),
    amount("result"),
)

figure_parts = Table(
    "figure_parts",
    metadata,
    identifier("history_id", ForeignKey("figures.history_id"), primary_key=True),
    identifier("scope", primary_key=True),
    text("kind", primary_key=True),
    text("part", primary_key=True),
    identifier("owner_id"),
    Column("trades", Integer, nullable=False),
    Column("won", Integer, nullable=False),
    amount("gross_profit"),
    amount("gross_loss"),
    amount("volume"),
)

# `paid` is everything that was paid in and out up to then, as far as deals tell.
equity_hours = Table(
    "equity_hours",
    metadata,
    identifier("account_id", primary_key=True),
    moment("hour", primary_key=True),
    identifier("owner_id"),
    amount("lowest"),
    amount("highest"),
    amount("equity"),
    amount("balance"),
    amount("paid"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

# The extremes of each position's floating profit, as far as they were seen.
excursions = Table(
    "excursions",
    metadata,
    identifier("account_id", primary_key=True),
    Column("position_id", BigInteger, primary_key=True),
    identifier("owner_id"),
    amount("worst"),
    amount("best"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

share_links = Table(
    "share_links",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    text("title"),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    identifier("request_id"),
    moment("created_at"),
    moment("expires_at"),
    moment("revoked_at", nullable=True),
    Column("with_report", Boolean, nullable=False, server_default=sql("false")),
    UniqueConstraint("owner_id", "request_id", name="one_share_link_per_request"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

# Histories that came from elsewhere; the same source makes the same one.
imported_histories = Table(
    "imported_histories",
    metadata,
    identifier("id", ForeignKey("figures.history_id"), primary_key=True),
    identifier("owner_id", ForeignKey("users.id")),
    text("name"),
    text("currency"),
    Column("source_sha256", LargeBinary, nullable=False),
    moment("created_at"),
    UniqueConstraint("owner_id", "source_sha256", name="one_history_per_owner_and_source"),
)

imported_deals = Table(
    "imported_deals",
    metadata,
    identifier("history_id", ForeignKey("imported_histories.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    identifier("owner_id"),
    Column("ticket", BigInteger, nullable=False),
    moment("time"),
    text("kind"),
    text("entry"),
    text("symbol"),
    amount("volume"),
    amount("price"),
    amount("profit"),
    amount("swap"),
    amount("commission"),
    amount("fee"),
    Column("position_id", BigInteger, nullable=False),
)
