"""What guards say of images, and jobs that insist.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the inspections; no study has one yet, and no job insists."""
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text(), nullable=False),
        sa.Column("guard_sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("film", sa.Float(precision=53), nullable=False),
        sa.Column("distance", sa.Float(precision=53), nullable=False),
        sa.Column("insisted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_inspections_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_inspections_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_inspections"),
        sa.UniqueConstraint("image_id", "model", name="uq_inspections_image_id_model"),
    )
    op.create_index("ix_inspections_study_id", "inspections", ["study_id"])
    # Rows that are there already need a value; plain ADD COLUMN, because a table that others refer to is not rebuilt.
    op.add_column("studies", sa.Column("caution", sa.String(length=16), nullable=False, server_default=sa.text("''")))
    op.add_column("jobs", sa.Column("insist", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Back: what guards said is lost."""
    op.drop_column("jobs", "insist")
    op.drop_column("studies", "caution")
    op.drop_table("inspections")
