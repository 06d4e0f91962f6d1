"""What is remembered of chats; what they are told of is in `destinations`."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    text as sql,
)

from countersign_server.database.metadata import identifier, metadata, moment, text

telegram_chats = Table(
    "telegram_chats",
    metadata,
    identifier("id", ForeignKey("destinations.id"), primary_key=True),
    identifier("owner_id"),
    Column("telegram_chat_id", BigInteger, nullable=False),
    Column("telegram_user_id", BigInteger, nullable=False),
    text("display_name"),
    moment("ended_at", nullable=True),
)
Index(
    "one_owner_per_telegram_chat",
    telegram_chats.c.telegram_chat_id,
    unique=True,
    postgresql_where=telegram_chats.c.ended_at.is_(None),
)

telegram_pairings = Table(
    "telegram_pairings",
    metadata,
    Column("code_sha256", LargeBinary, primary_key=True),
    identifier("owner_id"),
    moment("expires_at"),
    moment("used_at", nullable=True),
)
Index("telegram_pairings_by_owner", telegram_pairings.c.owner_id)

telegram_messages = Table(
    "telegram_messages",
    metadata,
    identifier("chat_id", ForeignKey("telegram_chats.id"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    identifier("owner_id"),
    identifier("approval_id"),
)
Index("telegram_messages_by_approval", telegram_messages.c.approval_id)

telegram_buttons = Table(
    "telegram_buttons",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    identifier("owner_id"),
    identifier("chat_id", ForeignKey("telegram_chats.id")),
    Column("message_id", BigInteger, nullable=True),
    text("action"),
    text("subject"),
    text("digest"),
    moment("expires_at"),
    Column("used_by_update", BigInteger, nullable=True),
)
Index("telegram_buttons_by_expiry", telegram_buttons.c.expires_at)

# Every update once. What was written is forgotten as soon as it is handled.
telegram_updates = Table(
    "telegram_updates",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    moment("received_at"),
    text("body"),
    Column("attempts", Integer, nullable=False, server_default=sql("0")),
    moment("leased_until", nullable=True),
    moment("handled_at", nullable=True),
    Column("telegram_chat_id", BigInteger, nullable=True),
    Column("telegram_user_id", BigInteger, nullable=True),
    text("kind", server_default=""),
    text("outcome", server_default=""),
)
Index(
    "telegram_updates_waiting",
    telegram_updates.c.update_id,
    postgresql_where=telegram_updates.c.handled_at.is_(None),
)
Index("telegram_updates_by_time", telegram_updates.c.received_at)

# One row: who asks Telegram for updates, and from which on.
telegram_intake = Table(
    "telegram_intake",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("after_update_id", BigInteger, nullable=False),
    identifier("lease_id", nullable=True),
    moment("leased_until", nullable=True),
)
