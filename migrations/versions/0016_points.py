"""Operating points that readers moved.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "points",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("network_id", sa.String(length=12), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(precision=53), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_points_reader_id_readers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name="fk_points_network_id_networks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_points"),
        sa.UniqueConstraint("reader_id", "network_id", "finding", name="uq_points_reader_id_network_id_finding"),
    )
    op.create_index("ix_points_network_id", "points", ["network_id"])


def downgrade() -> None:
    """Drop it; findings are called from where the networks' cards say."""
    op.drop_table("points")
