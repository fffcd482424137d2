"""The tables as they are from this step on, frozen: later versions of the product do not change what this step creates."""

import sqlalchemy as sa
from alembic import op

TABLES = (
    "readers",
    "networks",
    "stacks",
    "stack_images",
    "corrections",
    "answers",
    "answer_parts",
    "layers",
    "reviews",
    "annotations",
    "agreements",
    "layouts",
    "what_ifs",
)
"""Those that refer to others come after them."""


def create() -> None:
    """Create every one and its indices."""
    for made in (_readers, _networks, _stacks, _stack_images, _corrections, _answers, _answer_parts):
        made()
    for made in (_layers, _reviews, _annotations, _agreements, _layouts, _what_ifs):
        made()


def drop() -> None:
    """Drop every one; their indices go with them."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _readers() -> None:
    """Who reads here."""
    op.create_table(
        "readers",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_readers"),
        sa.UniqueConstraint("name", name="uq_readers_name"),
    )


def _networks() -> None:
    """Versions of networks."""
    op.create_table(
        "networks",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("version", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_networks"),
        sa.UniqueConstraint("name", "sha256", name="uq_networks_name_sha256"),
    )


def _stacks() -> None:
    """Stacks of images."""
    op.create_table(
        "stacks",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.String(length=12), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=False),
        sa.Column("weighting", sa.Text(), nullable=False),
        sa.Column("localizer", sa.Boolean(), nullable=False),
        sa.Column("between", sa.Float(precision=53), nullable=True),
        sa.Column("oddities", sa.JSON(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("doubtful", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("plane IN ('sagittal', 'coronal', 'axial', 'oblique', '')", name=op.f("ck_stacks_plane")),
        sa.CheckConstraint("slices > 0", name=op.f("ck_stacks_slices")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_stacks_series_id_series", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_stacks_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_stacks"),
        sa.UniqueConstraint("fingerprint", name="uq_stacks_fingerprint"),
    )
    op.create_index("ix_stacks_series_id", "stacks", ["series_id"])
    op.create_index("ix_stacks_study_id", "stacks", ["study_id"])


def _stack_images() -> None:
    """Their members."""
    op.create_table(
        "stack_images",
        sa.Column("stack_id", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_stack_images_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name="fk_stack_images_stack_id_stacks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("stack_id", "place", name="pk_stack_images"),
    )
    op.create_index("ix_stack_images_image_id", "stack_images", ["image_id"])


def _corrections() -> None:
    """What readers said of stacks in place of the header."""
    op.create_table(
        "corrections",
        sa.Column("stack_id", sa.String(length=12), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=True),
        sa.Column("weighting", sa.Text(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name="fk_corrections_stack_id_stacks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("stack_id", name="pk_corrections"),
    )


def _answers() -> None:
    """What networks said of films and exams."""
    op.create_table(
        "answers",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("network_id", sa.String(length=12), nullable=False),
        sa.Column("over", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name="fk_answers_network_id_networks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_answers_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.UniqueConstraint("study_id", "network_id", "over", name="uq_answers_study_id_network_id_over"),
    )
    op.create_index("ix_answers_network_id", "answers", ["network_id"])


def _answer_parts() -> None:
    """What an answer says of one stack."""
    op.create_table(
        "answer_parts",
        sa.Column("answer_id", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stack_id", sa.String(length=12), nullable=False),
        sa.Column("plane", sa.String(length=16), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("contributions", sa.JSON(), nullable=False),
        sa.Column("slice_scores", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name="fk_answer_parts_answer_id_answers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name="fk_answer_parts_stack_id_stacks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", "place", name="pk_answer_parts"),
    )
    op.create_index("ix_answer_parts_stack_id", "answer_parts", ["stack_id"])


def _layers() -> None:
    """Pictures of stacks; their values are blobs."""
    op.create_table(
        "layers",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("stack_id", sa.String(length=12), nullable=False),
        sa.Column("network_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scale", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("producer", sa.String(length=16), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("parameters_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("extent", sa.JSON(), nullable=False),
        sa.Column("minimum", sa.Float(precision=53), nullable=False),
        sa.Column("maximum", sa.Float(precision=53), nullable=False),
        sa.Column("mass", sa.JSON(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("total", sa.Float(precision=53), nullable=True),
        sa.Column("conservation_error", sa.Float(precision=53), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("values", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('relevance', 'attention', 'probability', 'labels', 'image', 'outline')", name=op.f("ck_layers_kind")
        ),
        sa.CheckConstraint("producer IN ('method', 'network', 'reader', 'import')", name=op.f("ck_layers_producer")),
        sa.CheckConstraint("scale IN ('classes', 'grey', 'positive', 'signed', 'unit')", name=op.f("ck_layers_scale")),
        sa.CheckConstraint("slices > 0 AND height > 0 AND width > 0", name=op.f("ck_layers_shape")),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name="fk_layers_network_id_networks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name="fk_layers_stack_id_stacks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_layers_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_layers"),
        sa.UniqueConstraint("stack_id", "network_id", "kind", "method", "finding", "parameters_key", name="uq_layers_key"),
    )
    op.create_index("ix_layers_network_id", "layers", ["network_id"])
    op.create_index("ix_layers_study_id", "layers", ["study_id"])
    op.create_index("ix_layers_values", "layers", ["values"])


def _reviews() -> None:
    """Readers' verdicts."""
    op.create_table(
        "reviews",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("layer_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("regions", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("localisations", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('right', 'partly', 'wrong', 'artefact', 'uninformative')", name=op.f("ck_reviews_verdict")
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_reviews_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name="fk_reviews_layer_id_layers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_reviews_reader_id_readers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_reviews_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
        sa.UniqueConstraint("token", name="uq_reviews_token"),
    )
    op.create_index("ix_reviews_image_id", "reviews", ["image_id"])
    op.create_index("ix_reviews_key", "reviews", ["layer_id", "reader_id", "number"])
    op.create_index("ix_reviews_reader_id", "reviews", ["reader_id"])
    op.create_index("ix_reviews_study_id", "reviews", ["study_id"])


def _annotations() -> None:
    """Rulers."""
    op.create_table(
        "annotations",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('length', 'angle', 'rectangle', 'ellipse')", name=op.f("ck_annotations_kind")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_annotations_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_annotations_reader_id_readers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_annotations_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
    )
    op.create_index("ix_annotations_image_id", "annotations", ["image_id"])
    op.create_index("ix_annotations_reader_id", "annotations", ["reader_id"])
    op.create_index("ix_annotations_study_id", "annotations", ["study_id"])


def _agreements() -> None:
    """How far methods agree."""
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("stack_id", sa.String(length=12), nullable=False),
        sa.Column("network_id", sa.String(length=12), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("rank", sa.Float(precision=53), nullable=True),
        sa.Column("overlap", sa.Float(precision=53), nullable=True),
        sa.Column("disagreement", sa.Float(precision=53), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name="fk_agreements_network_id_networks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["stack_id"], ["stacks.id"], name="fk_agreements_stack_id_stacks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_agreements_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("stack_id", "network_id", "finding", name="uq_agreements_stack_id_network_id_finding"),
    )
    op.create_index("ix_agreements_network_id", "agreements", ["network_id"])
    op.create_index("ix_agreements_study_id", "agreements", ["study_id"])


def _layouts() -> None:
    """Layouts of the panes."""
    op.create_table(
        "layouts",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("layers", sa.JSON(), nullable=False),
        sa.Column("own", sa.JSON(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_layouts_reader_id_readers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_layouts"),
        sa.UniqueConstraint("reader_id", "name", name="uq_layouts_reader_id_name"),
    )


def _what_ifs() -> None:
    """Kept what-ifs."""
    op.create_table(
        "what_ifs",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("image_id", sa.String(length=12), nullable=False),
        sa.Column("network_id", sa.String(length=12), nullable=False),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("mask", sa.String(length=64), nullable=False),
        sa.Column("covered", sa.Float(precision=53), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_what_ifs_image_id_images", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name="fk_what_ifs_network_id_networks", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_what_ifs_reader_id_readers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_what_ifs_study_id_studies", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_what_ifs"),
    )
    op.create_index("ix_what_ifs_image_id", "what_ifs", ["image_id"])
    op.create_index("ix_what_ifs_mask", "what_ifs", ["mask"])
    op.create_index("ix_what_ifs_network_id", "what_ifs", ["network_id"])
    op.create_index("ix_what_ifs_reader_id", "what_ifs", ["reader_id"])
    op.create_index("ix_what_ifs_study_id", "what_ifs", ["study_id"])
