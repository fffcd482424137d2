"""What lists are searched for.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "searches",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
        sa.UniqueConstraint("text", name="uq_searches_text"),
    )
    op.create_index("ix_searches_used_at", "searches", ["used_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("searches")
