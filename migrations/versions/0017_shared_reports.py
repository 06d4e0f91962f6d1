"""Share links that show the report as well.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE share_links ADD COLUMN with_report BOOLEAN DEFAULT false NOT NULL
"""


def upgrade() -> None:
    op.execute(TABLES)
