"""Which cases open with a saved layout, of those that a reader wants to open alike.

Revision 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; layouts that are there open no kind of case."""
    op.add_column("layouts", sa.Column("opens", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop it; the layouts stay."""
    op.drop_column("layouts", "opens")
