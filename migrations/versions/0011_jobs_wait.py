"""Jobs that wait for what was away: until when, and how often in a row.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no job waits for anything yet."""
    op.add_column("jobs", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("setbacks", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Drop them; what waits is tried at once."""
    op.drop_column("jobs", "setbacks")
    op.drop_column("jobs", "not_before")
