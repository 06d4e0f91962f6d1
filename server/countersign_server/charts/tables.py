"""What is remembered of charts: what was drawn, for every process."""

from sqlalchemy import Column, ForeignKey, LargeBinary, Table

from countersign_server.database.metadata import identifier, metadata, moment

# The digest is of everything that the picture shows.
pictures = Table(
    "pictures",
    metadata,
    identifier("owner_id", ForeignKey("users.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("picture", LargeBinary, nullable=False),
    moment("created_at"),
    moment("expires_at", index=True),
)
