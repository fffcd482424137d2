"""Exams of stacks: predictions, maps, readers' corrections and verdicts; what a job is doing, by plane and method.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables and their indices, and the column."""
    op.create_table(
        "exam_predictions",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("planes", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_exam_predictions_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_exam_predictions"),
        sa.UniqueConstraint("study_id", "model", "model_sha256", name="uq_exam_predictions_study_id_model_model_sha256"),
    )
    _maps()
    op.create_table(
        "corrections",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.String(length=12), nullable=False),
        sa.Column("stack", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=True),
        sa.Column("weighting", sa.Text(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_corrections_series_id_series", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_corrections_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.UniqueConstraint("series_id", "stack", name="uq_corrections_series_id_stack"),
    )
    op.create_index("ix_corrections_study_id", "corrections", ["study_id"])
    _verdicts()
    values = sa.Column("what_values", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("jobs", values)


def _maps() -> None:
    key = ("series_id", "stack", "model", "model_sha256", "method", "finding", "parameters_key")
    op.create_table(
        "stack_explanations",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.String(length=12), nullable=False),
        sa.Column("stack", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("parameters_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("extent", sa.JSON(), nullable=False),
        sa.Column("minimum", sa.Float(precision=53), nullable=False),
        sa.Column("maximum", sa.Float(precision=53), nullable=False),
        sa.Column("mass", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("total", sa.Float(precision=53), nullable=True),
        sa.Column("conservation_error", sa.Float(precision=53), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("values", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_stack_explanations_series_id_series", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name="fk_stack_explanations_study_id_studies", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stack_explanations"),
        sa.UniqueConstraint(*key, name="uq_stack_explanations_key"),
    )
    op.create_index("ix_stack_explanations_study_id", "stack_explanations", ["study_id"])
    op.create_index("ix_stack_explanations_values", "stack_explanations", ["values"])


def _verdicts() -> None:
    op.create_table(
        "exam_reviews",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.String(length=12), nullable=False),
        sa.Column("stack", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("region", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("measures", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_exam_reviews_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_exam_reviews_series_id_series", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_exam_reviews_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_exam_reviews"),
        sa.UniqueConstraint("id", name="uq_exam_reviews_id"),
        sa.UniqueConstraint("token", name="uq_exam_reviews_token"),
    )
    key = ["series_id", "stack", "model", "model_sha256", "method", "finding", "reader", "number"]
    op.create_index("ix_exam_reviews_key", "exam_reviews", key)
    op.create_index("ix_exam_reviews_study_id", "exam_reviews", ["study_id"])


def downgrade() -> None:
    """Drop them; their indices go with them."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("what_values")
    for table in ("exam_reviews", "corrections", "stack_explanations", "exam_predictions"):
        op.drop_table(table)
