"""Deals that a broker has cancelled, and what the statistics still have of them.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE deals ADD COLUMN counted_as_it_was BOOLEAN DEFAULT false NOT NULL
"""


def upgrade() -> None:
    op.execute(TABLES)
