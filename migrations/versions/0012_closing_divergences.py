"""Divergences whose positions are being closed.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE divergences ADD COLUMN closing_since TIMESTAMP WITH TIME ZONE")
