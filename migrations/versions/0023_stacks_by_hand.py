"""What readers say of which slices are one stack.

Revision 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "regroupings",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=12), nullable=True),
        sa.CheckConstraint("kind IN ('split', 'join', 'single')", name="ck_regroupings_kind"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_regroupings_study_id_studies", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_regroupings_reader_id_readers", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["readers.id"], name="fk_regroupings_withdrawn_by_readers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_regroupings"),
        sa.UniqueConstraint("id", name="uq_regroupings_id"),
    )
    for column in ("study_id", "reader_id", "withdrawn_by"):
        op.create_index(f"ix_regroupings_{column}", "regroupings", [column])


def downgrade() -> None:
    """Drop it; the series that readers parted or joined are sorted by their headers again."""
    op.execute("UPDATE series SET unsorted = true WHERE study_id IN (SELECT study_id FROM regroupings)")
    op.drop_table("regroupings")
