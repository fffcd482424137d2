"""What was measured on a layer, beside its values.

Revision 0020, after 0019. On the layers that are there nothing was measured.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("layers", sa.Column("figures", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    """Drop it; an analysis measures again."""
    op.drop_column("layers", "figures")
