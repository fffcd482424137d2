"""How far methods agree on a finding of an image, and the worklist's repetition of it.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and the worklist's column; the worker fills them for results that are there already."""
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("rank", sa.Float(precision=53), nullable=True),
        sa.Column("overlap", sa.Float(precision=53), nullable=True),
        sa.Column("disagreement", sa.Float(precision=53), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_agreements_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_agreements_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("image_id", "model", "finding", name="uq_agreements_image_id_model_finding"),
    )
    op.create_index("ix_agreements_study_id", "agreements", ["study_id"])
    with op.batch_alter_table("studies") as studies:
        studies.add_column(sa.Column("disagreement", sa.Float(precision=53), nullable=True))


def downgrade() -> None:
    """Drop them; they can be computed again."""
    with op.batch_alter_table("studies") as studies:
        studies.drop_column("disagreement")
    op.drop_table("agreements")
