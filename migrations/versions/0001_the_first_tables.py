"""The first tables: studies and what they hold, upload reports, results, jobs, reviews.

Revision 0001, the first one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("studies", "series", "files", "images", "uploads", "upload_files", "predictions", "explanations", "jobs", "reviews")


def upgrade() -> None:
    """Create every table and its indices."""
    for create in (_studies, _series, _files, _images, _uploads, _upload_files, _predictions, _explanations, _jobs, _reviews):
        create()


def downgrade() -> None:
    """Drop every table; their indices go with them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _studies() -> None:
    """Studies, as the worklist lists them."""
    op.create_table(
        "studies",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_uid", sa.Text(), nullable=False),
        sa.Column("patient_name", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("phantom", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("top", sa.JSON(), nullable=False),
        sa.Column("probability", sa.Float(precision=53), nullable=True),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_studies"),
        sa.UniqueConstraint("study_uid", name="uq_studies_study_uid"),
    )
    op.create_index("ix_studies_received_at", "studies", ["received_at"])


def _series() -> None:
    """Series of studies."""
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("series_uid", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("view_position", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("planes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_series_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("study_id", "series_uid", name="uq_series_study_id_series_uid"),
    )
    op.create_index("ix_series_modality", "series", ["modality"])


def _files() -> None:
    """The files that came."""
    op.create_table(
        "files",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_files_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("sop_instance_uid", name="uq_files_sop_instance_uid"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_index("ix_files_study_id", "files", ["study_id"])


def _images() -> None:
    """Images; their pixels are blobs."""
    op.create_table(
        "images",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.String(length=12), nullable=False),
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("plane", sa.Integer(), nullable=False),
        sa.Column("along", sa.Float(precision=53), nullable=False),
        sa.Column("instance_number", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("pixels", sa.String(length=64), nullable=False),
        sa.Column("slope", sa.Float(precision=53), nullable=False),
        sa.Column("intercept", sa.Float(precision=53), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("photometric", sa.String(length=16), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("voi_lut", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("pixel_spacing", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("spacing_kind", sa.Text(), nullable=False),
        sa.Column("orientation", sa.JSON(), nullable=False),
        sa.Column("position", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("axes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_images_series_id_series", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_images_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("sop_instance_uid", "frame", name="uq_images_sop_instance_uid_frame"),
    )
    op.create_index("ix_images_pixels", "images", ["pixels"])
    op.create_index("ix_images_series_id", "images", ["series_id"])
    op.create_index("ix_images_study_id", "images", ["study_id"])


def _uploads() -> None:
    """Upload reports."""
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_received_at", "uploads", ["received_at"])


def _upload_files() -> None:
    """One file of an upload report."""
    op.create_table(
        "upload_files",
        sa.Column("upload_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_upload_files_study_id_studies", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_files_upload_id_uploads", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_upload_files"),
    )
    op.create_index("ix_upload_files_study_id", "upload_files", ["study_id"])


def _predictions() -> None:
    """What networks said."""
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


def _explanations() -> None:
    """Maps; their values are blobs."""
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


def _jobs() -> None:
    """Work and its leases."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("error_template", sa.Text(), nullable=False),
        sa.Column("error_values", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_jobs_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_jobs_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_priority_created_at", "jobs", ["state", "priority", "created_at"])
    op.create_index("ix_jobs_study_id", "jobs", ["study_id"])


def _reviews() -> None:
    """Readers' verdicts."""
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
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_reviews_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_reviews_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
    )
    op.create_index("ix_reviews_key", "reviews", ["image_id", "model", "model_sha256", "method", "finding", "reader", "number"])
    op.create_index("ix_reviews_study_id", "reviews", ["study_id"])
