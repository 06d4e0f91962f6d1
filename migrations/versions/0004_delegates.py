"""Users who decide for accounts that are others'.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE delegates (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT delegates_key PRIMARY KEY (id),
    CONSTRAINT delegates_user_id_exists FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT delegates_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id)
        REFERENCES accounts (owner_id, id)
);

CREATE UNIQUE INDEX one_delegate_per_account_and_user ON delegates (account_id, user_id) WHERE revoked_at IS NULL;

CREATE INDEX delegates_by_user_id ON delegates (user_id)
"""

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"
IS_MINE_TO_DECIDE = "user_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("ALTER TABLE delegates ENABLE ROW LEVEL SECURITY")
    # The owner of a table is exempt unless forced, and the application owns its tables.
    op.execute("ALTER TABLE delegates FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON delegates USING ({IS_SYSTEM} OR {IS_MINE})")
    # A delegate sees for whom it decides, and changes nothing of it.
    op.execute(f"CREATE POLICY shared ON delegates FOR SELECT USING ({IS_MINE_TO_DECIDE})")
