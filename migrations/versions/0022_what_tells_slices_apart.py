"""Where a slice lies without a position, what it is and when it was taken, and how high its pixels are without a spacing.

Revision 0022, after 0021. Of images that are there nobody has told; their files, uploaded again, are found here already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("images", sa.Column("location", sa.Float(), nullable=True))
    op.add_column("images", sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("images", sa.Column("moment", sa.Float(), nullable=True))
    op.add_column("images", sa.Column("aspect", sa.Float(), server_default=sa.text("1.0"), nullable=False))
    op.add_column("images", sa.Column("series_number", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Drop them; nothing else refers to them."""
    for column in ("series_number", "aspect", "moment", "kind", "location"):
        op.drop_column("images", column)
