"""The tables as they were before this step, frozen."""

import sqlalchemy as sa
from alembic import op

TABLES = (
    "predictions",
    "exam_predictions",
    "explanations",
    "stack_explanations",
    "corrections",
    "reviews",
    "exam_reviews",
    "agreements",
    "measures",
    "layouts",
    "what_ifs",
)


def create() -> None:
    """Create every one and its indices."""
    for made in (_predictions, _exam_predictions, _explanations, _stack_explanations, _corrections, _reviews):
        made()
    for made in (_exam_reviews, _agreements, _measures, _layouts, _what_ifs):
        made()


def drop() -> None:
    """Drop every one; their indices go with them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _predictions() -> None:
    """What networks said of images."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_predictions_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_predictions_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint("image_id", "model", "model_sha256", name="uq_predictions_image_id_model_model_sha256"),
    )
    op.create_index("ix_predictions_study_id", "predictions", ["study_id"])


def _exam_predictions() -> None:
    """What networks said of exams."""
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


def _explanations() -> None:
    """Maps of images; their values are blobs."""
    op.create_table(
        "explanations",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("parameters_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("extent", sa.JSON(), nullable=False),
        sa.Column("minimum", sa.Float(precision=53), nullable=False),
        sa.Column("maximum", sa.Float(precision=53), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("total", sa.Float(precision=53), nullable=True),
        sa.Column("conservation_error", sa.Float(precision=53), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("values", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_explanations_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_explanations_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_explanations"),
        sa.UniqueConstraint(
            "image_id", "model", "model_sha256", "method", "finding", "parameters_key", name="uq_explanations_key"
        ),
    )
    op.create_index("ix_explanations_study_id", "explanations", ["study_id"])
    op.create_index("ix_explanations_values", "explanations", ["values"])


def _stack_explanations() -> None:
    """Maps of stacks; their values are blobs."""
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
        sa.UniqueConstraint(
            "series_id",
            "stack",
            "model",
            "model_sha256",
            "method",
            "finding",
            "parameters_key",
            name="uq_stack_explanations_key",
        ),
    )
    op.create_index("ix_stack_explanations_study_id", "stack_explanations", ["study_id"])
    op.create_index("ix_stack_explanations_values", "stack_explanations", ["values"])


def _corrections() -> None:
    """What readers said of stacks in place of the header."""
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


def _reviews() -> None:
    """Readers' verdicts on images."""
    op.create_table(
        "reviews",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
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
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_reviews_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_reviews_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
        sa.UniqueConstraint("token", name="uq_reviews_token"),
    )
    op.create_index("ix_reviews_key", "reviews", ["image_id", "model", "model_sha256", "method", "finding", "reader", "number"])
    op.create_index("ix_reviews_study_id", "reviews", ["study_id"])


def _exam_reviews() -> None:
    """Readers' verdicts on stacks."""
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
    op.create_index(
        "ix_exam_reviews_key",
        "exam_reviews",
        ["series_id", "stack", "model", "model_sha256", "method", "finding", "reader", "number"],
    )
    op.create_index("ix_exam_reviews_study_id", "exam_reviews", ["study_id"])


def _agreements() -> None:
    """How far methods agree."""
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


def _measures() -> None:
    """Rulers."""
    op.create_table(
        "measures",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_measures_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_measures_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_measures"),
    )
    op.create_index("ix_measures_study_id", "measures", ["study_id"])


def _layouts() -> None:
    """Layouts of the panes."""
    op.create_table(
        "layouts",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("layers", sa.JSON(), nullable=False),
        sa.Column("own", sa.JSON(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layouts"),
        sa.UniqueConstraint("reader", "name", name="uq_layouts_reader_name"),
    )


def _what_ifs() -> None:
    """Kept what-ifs."""
    op.create_table(
        "what_ifs",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("mask", sa.String(length=64), nullable=False),
        sa.Column("covered", sa.Float(precision=53), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_what_ifs_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_what_ifs_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_what_ifs"),
    )
    op.create_index("ix_what_ifs_mask", "what_ifs", ["mask"])
    op.create_index("ix_what_ifs_study_id", "what_ifs", ["study_id"])
