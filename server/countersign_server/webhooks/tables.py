"""What is remembered of webhook endpoints; whom they serve is in `destinations`."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, UniqueConstraint

from countersign_server.database.metadata import identifier, metadata, moment, text

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    identifier("id", ForeignKey("destinations.id"), primary_key=True),
    identifier("owner_id"),
    text("url"),
    text("description"),
    text("scheme"),
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    identifier("endpoint_id", ForeignKey("webhook_endpoints.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    identifier("owner_id"),
    identifier("request_id"),
    Column("sealed", LargeBinary, nullable=False),
    moment("created_at"),
    moment("ends_at", nullable=True),
    # Whatever made it, the secret was shown to whoever asked first.
    UniqueConstraint("owner_id", "request_id", name="one_webhook_secret_per_request"),
)
