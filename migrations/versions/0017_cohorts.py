"""Cohorts: tables of labels and their films or exams; jobs that read one.

Revision 0017, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KINDS = "kind IN ('analyse', 'explain', 'cohort')"
KINDS_BEFORE = "kind IN ('analyse', 'explain')"
ID = sa.String(length=12)


def upgrade() -> None:
    """Add the tables; a job is about a study or a cohort."""
    op.create_table(
        "cohorts",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("table", sa.String(length=64), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("matched", sa.JSON(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohorts")),
    )
    op.create_index(op.f("ix_cohorts_table"), "cohorts", ["table"])
    op.create_table(
        "cohort_cases",
        sa.Column("cohort_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=True),
        sa.Column("study_id", ID, nullable=True),
        sa.Column("image_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_cohort_cases_cohort_id_cohorts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_cohort_cases_study_id_studies"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_cohort_cases_image_id_images"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("cohort_id", "number", name=op.f("pk_cohort_cases")),
    )
    op.create_index(op.f("ix_cohort_cases_study_id"), "cohort_cases", ["study_id"])
    op.create_index(op.f("ix_cohort_cases_image_id"), "cohort_cases", ["image_id"])
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint(op.f("ck_jobs_kind"), type_="check")
        jobs.create_check_constraint(op.f("ck_jobs_kind"), KINDS)
        jobs.alter_column("study_id", existing_type=ID, nullable=True)
        jobs.add_column(sa.Column("cohort_id", ID, nullable=True))
        jobs.create_foreign_key(op.f("fk_jobs_cohort_id_cohorts"), "cohorts", ["cohort_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("ix_jobs_cohort_id"), "jobs", ["cohort_id"])


def downgrade() -> None:
    """Drop them; cohorts and the jobs that read them are lost, their studies stay."""
    op.execute("DELETE FROM jobs WHERE kind = 'cohort'")
    op.drop_index(op.f("ix_jobs_cohort_id"), "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint(op.f("fk_jobs_cohort_id_cohorts"), type_="foreignkey")
        jobs.drop_column("cohort_id")
        jobs.alter_column("study_id", existing_type=ID, nullable=False)
        jobs.drop_constraint(op.f("ck_jobs_kind"), type_="check")
        jobs.create_check_constraint(op.f("ck_jobs_kind"), KINDS_BEFORE)
    op.drop_table("cohort_cases")
    op.drop_table("cohorts")
