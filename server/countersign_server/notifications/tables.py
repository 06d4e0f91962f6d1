"""What is remembered of who wants to know, and of what they were told."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text as sql,
)

from countersign_server.database.metadata import identifier, metadata, moment, text

destinations = Table(
    "destinations",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    text("channel"),
    Column("topics", ARRAY(Text), nullable=False),
    Column("level_min", SmallInteger, nullable=False),
    identifier("account_id", nullable=True),
    identifier("producer_id", nullable=True),
    text("paused_reason", server_default=""),
    moment("muted_until", nullable=True),
    moment("created_at"),
    moment("ended_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index("destinations_by_owner", destinations.c.owner_id, destinations.c.id)

# How far the event log has been looked through. One row, held by whoever looks.
notification_cursor = Table(
    "notification_cursor",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("destination_id", ForeignKey("destinations.id")),
    identifier("lane"),
    Column("sequence", BigInteger, nullable=False),
    text("kind"),
    text("topic"),
    Column("level", SmallInteger, nullable=False),
    identifier("account_id", nullable=True),
    identifier("signal_id", nullable=True),
    text("body"),
    moment("created_at"),
    moment("give_up_at"),
    text("state"),
    Column("attempts", Integer, nullable=False, server_default=sql("0")),
    moment("ended_at", nullable=True),
    text("failure", server_default=""),
    UniqueConstraint(
        "destination_id", "sequence", name="one_notification_per_event_and_destination"
    ),
)
Index(
    "notifications_waiting",
    notifications.c.destination_id,
    notifications.c.lane,
    notifications.c.sequence,
    postgresql_where=sql("state = 'waiting'"),
)
Index("notifications_by_owner", notifications.c.owner_id, notifications.c.id)
Index("notifications_of_destination", notifications.c.destination_id, notifications.c.id)
Index(
    "notifications_over",
    notifications.c.ended_at,
    postgresql_where=sql("ended_at IS NOT NULL"),
)

# The queue: one row for what must stay in order, held by whoever delivers it.
notification_lanes = Table(
    "notification_lanes",
    metadata,
    identifier("destination_id", ForeignKey("destinations.id"), primary_key=True),
    identifier("lane", primary_key=True),
    identifier("owner_id"),
    text("channel"),
    moment("due_at", nullable=True),  # NULL: nothing waits
    identifier("lease_id", nullable=True),
    moment("leased_until", nullable=True),
    Column("failures", Integer, nullable=False, server_default=sql("0")),
)
Index(
    "notification_lanes_due",
    notification_lanes.c.channel,
    notification_lanes.c.due_at,
    postgresql_where=sql("due_at IS NOT NULL"),
)

notification_attempts = Table(
    "notification_attempts",
    metadata,
    identifier(
        "notification_id", ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    identifier("owner_id"),
    moment("attempted_at"),
    Column("duration_ms", Integer, nullable=False),
    text("outcome"),
    Column("status", Integer, nullable=False),
    text("detail"),
)
