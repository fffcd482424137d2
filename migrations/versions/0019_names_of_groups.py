"""What readers called groups of a cohort's films outlives a new measurement; and which earlier table figures are of.

Revision 0019, after 0018. No group has a name from before, and all figures are of the table that is there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("cohorts", sa.Column("names", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("cohorts", sa.Column("earlier_table", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop them: names of groups that wait for their maps are lost, and old figures look like new ones."""
    for name in ("earlier_table", "names"):
        op.drop_column("cohorts", name)
