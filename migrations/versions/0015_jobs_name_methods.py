"""Jobs that name the methods that are to explain.

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every job there is asks for the methods that its network opens with."""
    op.add_column("jobs", sa.Column("methods", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop it; what asked for other methods asks for those that the network opens with."""
    op.drop_column("jobs", "methods")
