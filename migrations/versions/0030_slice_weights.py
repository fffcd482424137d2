"""How much every slice of a stack weighs, of networks that weigh them.

Revision 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; answers that are there are of networks that weigh none."""
    op.add_column("answer_parts", sa.Column("slice_weights", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))


def downgrade() -> None:
    """Drop it; the slices' scores stay."""
    op.drop_column("answer_parts", "slice_weights")
