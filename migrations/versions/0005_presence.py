"""Who is alive to hold a lease, and how many anomalies an account has had.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE leases ADD COLUMN holder BIGINT DEFAULT 0 NOT NULL;

CREATE TABLE anomaly_counts (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT anomaly_counts_key PRIMARY KEY (account_id),
    CONSTRAINT anomaly_counts_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("ALTER TABLE anomaly_counts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE anomaly_counts FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON anomaly_counts USING ("
        "current_setting('countersign.tenant', true) = 'system'"
        " OR owner_id::text = current_setting('countersign.tenant', true))"
    )
