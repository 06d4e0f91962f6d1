"""What is remembered of people, their tokens and the server's own keys."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    func,
    text as sql,
)

from countersign_server.database.metadata import identifier, metadata, moment, text

users = Table(
    "users",
    metadata,
    identifier("id", primary_key=True),
    text("email"),
    text("display_name"),
    text("role"),
    text("password_hash", nullable=True),
    moment("created_at"),
    moment("disabled_at", nullable=True),
    # Who referred the user, as the invitation was accepted; empty: nobody.
    text("referral_code", server_default=""),
)
Index("one_user_per_email", func.lower(users.c.email), unique=True)

invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    identifier("user_id", ForeignKey("users.id")),
    moment("expires_at"),
    moment("used_at", nullable=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    identifier("session_id", index=True),
    identifier("user_id", ForeignKey("users.id"), index=True),
    moment("expires_at"),
    moment("used_at", nullable=True),
    moment("ended_at", nullable=True),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("users.id"), index=True),
    identifier("producer_id", nullable=True),
    text("name"),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    identifier("request_id"),
    moment("created_at"),
    moment("expires_at"),
    moment("last_used_at", nullable=True),
    moment("revoked_at", nullable=True),
    UniqueConstraint("owner_id", "request_id", name="one_api_token_per_request"),
)

# What must not be believed any more although its signature holds: a sign-in, a user, a device.
revocations = Table(
    "revocations",
    metadata,
    text("subject", primary_key=True),
    moment("revoked_at"),
    moment("expires_at", index=True),
)

failed_attempts = Table(
    "failed_attempts",
    metadata,
    text("name", primary_key=True),
    moment("window_started_at"),
    Column("count", Integer, nullable=False),
)

# purpose: "token" signs access tokens, "approval" countersigns approvals.
signing_keys = Table(
    "signing_keys",
    metadata,
    text("id", primary_key=True),
    text("purpose"),
    Column("private_key_sealed", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    moment("created_at"),
    # Published before it signs, so that whoever keeps a copy of the key set has seen it.
    moment("sign_after"),
    # When its successor begins to sign; it checks what it signed for as long as that lives.
    moment("retired_at", nullable=True),
)
Index(
    "one_active_signing_key_per_purpose",
    signing_keys.c.purpose,
    unique=True,
    postgresql_where=sql("retired_at IS NULL"),
)

# Public keys with which owners sign approvals. An id is made of the key: see owner_key.py.
owner_keys = Table(
    "owner_keys",
    metadata,
    identifier("owner_id", ForeignKey("users.id"), primary_key=True),
    text("id", primary_key=True),
    text("name"),
    text("algorithm"),
    Column("public_key", LargeBinary, nullable=False),
    text("origin"),
    moment("created_at"),
    moment("revoked_at", nullable=True),
)

# Given after a password, and gone once used.
owner_key_challenges = Table(
    "owner_key_challenges",
    metadata,
    Column("challenge_sha256", LargeBinary, primary_key=True),
    identifier("owner_id", ForeignKey("users.id")),
    text("session"),
    moment("expires_at", index=True),
)
