"""Where the evidence of a map lies, beside its values, and in which region so much that a reader should know.

Revision 0021, after 0020. Of the maps that are there nobody has told; an analysis tells it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("layers", sa.Column("evidence", sa.JSON(), nullable=True))
    op.add_column("layers", sa.Column("odd", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop them; an analysis tells it anew."""
    op.drop_column("layers", "odd")
    op.drop_column("layers", "evidence")
