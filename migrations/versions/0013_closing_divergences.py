"""Divergences whose positions are being closed.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE divergences ADD COLUMN closing_since TIMESTAMP WITH TIME ZONE")
