"""When guards were kept last, for those who follow them; exposure and daily loss of owners.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE guards ADD COLUMN kept_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE owner_limits ADD COLUMN max_lots NUMERIC(27, 9);
ALTER TABLE owner_limits ADD COLUMN max_positions INTEGER;
ALTER TABLE owner_limits ADD COLUMN max_daily_losses JSONB DEFAULT '{}' NOT NULL
"""


def upgrade() -> None:
    op.execute(TABLES)
