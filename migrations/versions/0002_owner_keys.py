"""Owners' own keys, and the challenges that they sign to be registered.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE owner_keys (
    owner_id UUID NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    origin TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT owner_keys_key PRIMARY KEY (owner_id, id),
    CONSTRAINT owner_keys_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE TABLE owner_key_challenges (
    challenge_sha256 BYTEA NOT NULL,
    owner_id UUID NOT NULL,
    session TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT owner_key_challenges_key PRIMARY KEY (challenge_sha256),
    CONSTRAINT owner_key_challenges_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE INDEX owner_key_challenges_by_expires_at ON owner_key_challenges (expires_at)
"""

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("owner_keys", "owner_key_challenges"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        # The owner of a table is exempt unless forced, and the application owns its tables.
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
