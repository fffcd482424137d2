"""Echo times of images; weightings of series, and which are localizers.

Revision 0008, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. What is stored already says nothing of its sequence; it is read again when it is uploaded anew."""
    op.add_column("images", sa.Column("echo_time", sa.Float(precision=53), nullable=True))
    op.add_column("series", sa.Column("weighting", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("series", sa.Column("localizer", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop them again."""
    op.drop_column("series", "localizer")
    op.drop_column("series", "weighting")
    op.drop_column("images", "echo_time")
