"""What people say of commands in doubt, and the closes that they ask for.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE settlements (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    command_id UUID NOT NULL,
    settled_as TEXT NOT NULL,
    ticket BIGINT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT settlements_key PRIMARY KEY (id),
    CONSTRAINT settlements_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id),
    CONSTRAINT settlements_command_id_exists FOREIGN KEY(command_id) REFERENCES commands (id)
);

CREATE INDEX settlements_by_command_id ON settlements (command_id);

ALTER TABLE commands
    ADD COLUMN settled_as TEXT DEFAULT '' NOT NULL,
    ADD COLUMN settled_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN settlement_id UUID,
    ADD CONSTRAINT commands_settlement_id_exists FOREIGN KEY(settlement_id) REFERENCES settlements (id),
    ADD CONSTRAINT one_close_per_settlement UNIQUE (settlement_id);

CREATE INDEX commands_in_doubt ON commands (account_id, symbol, side)
    WHERE state IN ('in-doubt', 'presumed-not-executed') AND settled_as = '';
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("ALTER TABLE settlements ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE settlements FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON settlements USING ("
        "current_setting('countersign.tenant', true) = 'system'"
        " OR owner_id::text = current_setting('countersign.tenant', true))"
    )
