"""What is remembered of prices: bars as terminals tell of them, and what bridges are asked for."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    text as sql,
)

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

# Times are when a bar began, in UTC.
bars = Table(
    "bars",
    metadata,
    identifier("account_id", primary_key=True),
    text("symbol", primary_key=True),
    text("timeframe", primary_key=True),
    moment("time", primary_key=True),
    identifier("owner_id"),
    amount("open"),
    amount("high"),
    amount("low"),
    amount("close"),
    Column("volume", BigInteger, nullable=False),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

# What a bridge is asked for; one question for each symbol and timeframe, the newest.
rate_requests = Table(
    "rate_requests",
    metadata,
    identifier("account_id", primary_key=True),
    text("symbol", primary_key=True),
    text("timeframe", primary_key=True),
    identifier("owner_id"),
    Column("count", Integer, nullable=False),
    moment("asked_at"),
    moment("answered_at", nullable=True),
    text("failure", server_default=""),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "rate_requests_waiting",
    rate_requests.c.account_id,
    postgresql_where=sql("answered_at IS NULL"),
)
