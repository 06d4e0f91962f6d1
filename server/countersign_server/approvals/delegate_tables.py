"""What is remembered of delegates."""

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Table

from countersign_server.database.metadata import identifier, metadata, moment

delegates = Table(
    "delegates",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id"),
    identifier("account_id"),
    identifier("user_id", ForeignKey("users.id")),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
)
Index(
    "one_delegate_per_account_and_user",
    delegates.c.account_id,
    delegates.c.user_id,
    unique=True,
    postgresql_where=delegates.c.revoked_at.is_(None),
)
Index("delegates_by_user_id", delegates.c.user_id)
