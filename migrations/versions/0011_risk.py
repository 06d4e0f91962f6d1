"""Limits before an order exists: of accounts, owners, producers and subscriptions; what was foreseen.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE accounts ADD COLUMN max_orders_per_second INTEGER DEFAULT 10;
ALTER TABLE accounts ADD COLUMN max_identical_orders_per_minute INTEGER DEFAULT 20;

ALTER TABLE producers ADD COLUMN max_openings_per_minute INTEGER;

ALTER TABLE subscriptions ADD COLUMN max_orders_per_minute INTEGER;
ALTER TABLE subscriptions ADD COLUMN max_money_at_risk NUMERIC(27, 9);

ALTER TABLE approvals ADD COLUMN foresight JSONB;
ALTER TABLE approvals ADD COLUMN risk_reason TEXT DEFAULT '' NOT NULL;

CREATE TABLE owner_limits (
    owner_id UUID NOT NULL,
    max_orders_per_second INTEGER,
    max_orders_per_minute INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT owner_limits_key PRIMARY KEY (owner_id),
    CONSTRAINT owner_limits_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE INDEX commands_by_creation ON commands (account_id, created_at);

CREATE INDEX commands_by_grant ON commands (account_id, granted_at) WHERE granted_at IS NOT NULL
"""

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("ALTER TABLE owner_limits ENABLE ROW LEVEL SECURITY")
    # The owner of a table is exempt unless forced, and the application owns its tables.
    op.execute("ALTER TABLE owner_limits FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON owner_limits USING ({IS_SYSTEM} OR {IS_MINE})")
