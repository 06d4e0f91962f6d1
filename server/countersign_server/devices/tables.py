"""What is remembered of installed bridges, and which of them holds an account."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import identifier, metadata, moment, text

devices = Table(
    "devices",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id", index=True),
    text("name"),
    Column("secret_sha256", LargeBinary, nullable=False),
    # Counts the secrets; the sign-ins of an earlier one have ended.
    Column("secret_number", Integer, nullable=False),
    identifier("request_id"),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    moment("last_seen_at", nullable=True),
    text("agent_version", server_default=""),
    Column("terminal", JSONB, nullable=True),
    UniqueConstraint("account_id", "request_id", name="one_device_per_request"),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)

pairing_codes = Table(
    "pairing_codes",
    metadata,
    # Keyed: ten characters could be found again from a plain hash.
    Column("code_digest", LargeBinary, primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    text("name"),
    moment("expires_at"),
    moment("used_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("pairing_codes_by_account_id", pairing_codes.c.account_id)

# One row an account: who may talk for it now. A newcomer waits until it has lapsed.
leases = Table(
    "leases",
    metadata,
    identifier("account_id", primary_key=True),
    identifier("owner_id"),
    identifier("device_id"),
    Column("session_epoch", LargeBinary, nullable=False),
    moment("taken_at"),
    moment("expires_at"),
    # The presence of the process that serves the session; 0: not known.
    Column("holder", BigInteger, nullable=False, server_default=sql("0")),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("leases_by_device", leases.c.device_id)
