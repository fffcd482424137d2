"""What guards remark without stopping anything, and which rectangle of an image was exposed; what was made of a cohort's maps.

Revision 0018, after 0017. Of the inspections that are there nothing was remarked.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    for name in ("remarks", "field"):
        op.add_column("inspections", sa.Column(name, sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.create_table(
        "cohort_maps",
        sa.Column("cohort_id", sa.String(length=12), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_cohort_maps_cohort_id_cohorts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cohort_id", "network", "finding", name=op.f("pk_cohort_maps")),
    )


def downgrade() -> None:
    """Drop them; what was made of maps is lost, and can be asked for again."""
    op.drop_table("cohort_maps")
    for name in ("field", "remarks"):
        op.drop_column("inspections", name)
