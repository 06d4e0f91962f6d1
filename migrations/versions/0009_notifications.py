"""Telling people and programs what happened: destinations, notifications, webhook endpoints.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE destinations (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    channel TEXT NOT NULL,
    topics TEXT[] NOT NULL,
    level_min SMALLINT NOT NULL,
    account_id UUID,
    producer_id UUID,
    paused_reason TEXT DEFAULT '' NOT NULL,
    muted_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT destinations_key PRIMARY KEY (id),
    CONSTRAINT destinations_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX destinations_by_owner ON destinations (owner_id, id);

CREATE TABLE notification_cursor (
    id SMALLINT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT notification_cursor_key PRIMARY KEY (id)
);

CREATE TABLE notifications (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    destination_id UUID NOT NULL,
    lane UUID NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    topic TEXT NOT NULL,
    level SMALLINT NOT NULL,
    account_id UUID,
    signal_id UUID,
    body TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    give_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    failure TEXT DEFAULT '' NOT NULL,
    CONSTRAINT notifications_key PRIMARY KEY (id),
    CONSTRAINT one_notification_per_event_and_destination UNIQUE (destination_id, sequence),
    CONSTRAINT notifications_destination_id_exists FOREIGN KEY(destination_id) REFERENCES destinations (id)
);

CREATE INDEX notifications_by_owner ON notifications (owner_id, id);

CREATE INDEX notifications_of_destination ON notifications (destination_id, id);

CREATE INDEX notifications_over ON notifications (ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX notifications_waiting ON notifications (destination_id, lane, sequence) WHERE state = 'waiting';

CREATE TABLE notification_lanes (
    destination_id UUID NOT NULL,
    lane UUID NOT NULL,
    owner_id UUID NOT NULL,
    channel TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    lease_id UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    failures INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT notification_lanes_key PRIMARY KEY (destination_id, lane),
    CONSTRAINT notification_lanes_destination_id_exists FOREIGN KEY(destination_id) REFERENCES destinations (id)
);

CREATE INDEX notification_lanes_due ON notification_lanes (channel, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE notification_attempts (
    notification_id UUID NOT NULL,
    number INTEGER NOT NULL,
    owner_id UUID NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    detail TEXT NOT NULL,
    CONSTRAINT notification_attempts_key PRIMARY KEY (notification_id, number),
    CONSTRAINT notification_attempts_notification_id_exists FOREIGN KEY(notification_id) REFERENCES notifications (id) ON DELETE CASCADE
);

CREATE TABLE webhook_endpoints (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    scheme TEXT NOT NULL,
    CONSTRAINT webhook_endpoints_key PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_id_exists FOREIGN KEY(id) REFERENCES destinations (id)
);

CREATE TABLE webhook_secrets (
    endpoint_id UUID NOT NULL,
    number INTEGER NOT NULL,
    owner_id UUID NOT NULL,
    request_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT webhook_secrets_key PRIMARY KEY (endpoint_id, number),
    CONSTRAINT one_webhook_secret_per_request UNIQUE (owner_id, request_id),
    CONSTRAINT webhook_secrets_endpoint_id_exists FOREIGN KEY(endpoint_id) REFERENCES webhook_endpoints (id)
)
"""

OWNED = (
    "destinations",
    "notifications",
    "notification_lanes",
    "notification_attempts",
    "webhook_endpoints",
    "webhook_secrets",
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"

# What happened before is told to nobody.
FROM_NOW_ON = """
INSERT INTO notification_cursor (id, sequence)
SELECT 1, coalesce(max(sequence), 0) FROM audit_seals
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FROM_NOW_ON)
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
