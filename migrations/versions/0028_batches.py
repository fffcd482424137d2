"""Selections of studies that one network is to read.

Revision 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at"])
    op.create_table(
        "batch_studies",
        sa.Column("batch_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("job_id", sa.String(length=12), nullable=True),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("error_template", sa.Text(), nullable=False),
        sa.Column("error_values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_batch_studies_batch_id_batches", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_batch_studies_study_id_studies", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_batch_studies_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_studies"),
    )
    op.create_index("ix_batch_studies_study_id", "batch_studies", ["study_id"])
    op.create_index("ix_batch_studies_job_id", "batch_studies", ["job_id"])


def downgrade() -> None:
    """Drop them; what was asked for goes on."""
    op.drop_table("batch_studies")
    op.drop_table("batches")
