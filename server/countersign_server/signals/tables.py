"""What is remembered of signals: each stored once and never changed, but for where it stands."""

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    text as sql,
)

from countersign_server.database.metadata import identifier, metadata, moment, text

signals = Table(
    "signals",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("producer_id"),
    text("external_id"),
    text("instrument"),
    text("side"),
    text("action"),
    text("version"),
    # The evidence: exactly what was signed, how, and when.
    Column("payload", LargeBinary, nullable=False),
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("format", SmallInteger, nullable=False),
    text("key_id"),
    Column("nonce", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    moment("sent_at"),
    moment("received_at"),
    moment("expires_at"),
    text("state", server_default="accepted"),
    UniqueConstraint("producer_id", "external_id", name="one_signal_per_external_id"),
    UniqueConstraint("key_id", "nonce", name="one_signal_per_nonce"),
    # No foreign key to producers: each insert would lock the producer's row, and the key that
    # signed proves it exists.
)
Index(
    "signals_waiting_for_delivery",
    signals.c.id,
    postgresql_where=sql("state = 'accepted'"),
)
Index("signals_by_owner", signals.c.owner_id, signals.c.id)

# The last signal of each kind: a second one within the window is a duplicate under another name.
signal_windows = Table(
    "signal_windows",
    metadata,
    identifier("producer_id", primary_key=True),
    text("instrument", primary_key=True),
    text("side", primary_key=True),
    text("action", primary_key=True),
    text("version", primary_key=True),
    text("external_id"),
    moment("received_at"),
)
