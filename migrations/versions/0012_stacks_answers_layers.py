"""Stacks, answers, layers: what is said of images hangs on the stack that they make, one film or many slices.

Revision 0012, after 0011. Every row is carried over, both ways; see
`migrations.carrying`, which also says why this step asks the product how it sorts slices.
"""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

from migrations.carrying import down, new_tables, old_tables, rows, up

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STUDY_STATES = "state IN ('waiting', 'analysing', 'done', 'failed', 'no network')"
SOURCES = "source IN ('dicom', 'film image')"
KINDS = "kind IN ('analyse', 'explain')"
JOB_STATES = "state IN ('queued', 'running', 'done', 'failed', 'cancelled')"


def upgrade() -> None:
    """Replace the tables of results and of what readers left, and carry their rows over."""
    bind = op.get_bind()
    carried = up.carried(rows.read(bind, up.READ), _blobs())
    old_tables.drop()
    with op.batch_alter_table("studies") as studies:
        studies.create_check_constraint(op.f("ck_studies_state"), STUDY_STATES)
    with op.batch_alter_table("series") as series:
        series.add_column(sa.Column("unsorted", sa.Boolean(), nullable=False, server_default=sa.false()))
        series.create_check_constraint(op.f("ck_series_source"), SOURCES)
    op.create_index("ix_questions_image_id", "questions", ["image_id"])
    new_tables.create()
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("stack_id", sa.String(length=12), nullable=True))
        jobs.add_column(sa.Column("chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
        jobs.create_foreign_key("fk_jobs_stack_id_stacks", "stacks", ["stack_id"], ["id"], ondelete="CASCADE")
        jobs.drop_column("image_id")
        jobs.create_check_constraint(op.f("ck_jobs_kind"), KINDS)
        jobs.create_check_constraint(op.f("ck_jobs_state"), JOB_STATES)
    op.create_index("ix_jobs_stack_id", "jobs", ["stack_id"])
    for name in new_tables.TABLES:
        rows.write(bind, name, carried[name])
    for name in ("jobs", "studies"):
        rows.change(bind, name, carried[name])
    rows.count_on(bind, "reviews", "number")


def downgrade() -> None:
    """Back; what only the new tables can hold is lost: imported layers, and earlier states beside present ones."""
    bind = op.get_bind()
    carried = down.carried(rows.read(bind, down.READ))
    op.drop_index("ix_jobs_stack_id", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint(op.f("ck_jobs_state"), type_="check")
        jobs.drop_constraint(op.f("ck_jobs_kind"), type_="check")
        jobs.add_column(sa.Column("image_id", sa.String(length=12), nullable=True))
        jobs.create_foreign_key("fk_jobs_image_id_images", "images", ["image_id"], ["id"], ondelete="CASCADE")
        jobs.drop_column("stack_id")
        jobs.drop_column("chosen")
    new_tables.drop()
    op.drop_index("ix_questions_image_id", "questions")
    with op.batch_alter_table("series") as series:
        series.drop_constraint(op.f("ck_series_source"), type_="check")
        series.drop_column("unsorted")
    with op.batch_alter_table("studies") as studies:
        studies.drop_constraint(op.f("ck_studies_state"), type_="check")
    old_tables.create()
    for name in old_tables.TABLES:
        rows.write(bind, name, carried[name])
    for name in ("jobs", "studies"):
        rows.change(bind, name, carried[name])
    for name in ("reviews", "exam_reviews"):
        rows.count_on(bind, name, "number")


def _blobs() -> Callable[[str], bytes | None]:
    """Reads blobs, as far as it is known where they lie."""
    folder: Path | None = context.config.attributes.get("blobs")

    def octets(sha256: str) -> bytes | None:
        try:
            return (folder / sha256[:2] / sha256[2:]).read_bytes() if folder else None
        except OSError:
            return None

    return octets
