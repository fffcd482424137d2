"""What readers say of the findings of studies.

Revision 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ID = sa.String(length=12)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "opinions",
        sa.Column("id", ID, nullable=False),
        sa.Column("study_id", ID, nullable=False),
        sa.Column("reader_id", ID, nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("opinion IN ('present', 'absent', 'unsure')", name=op.f("ck_opinions_opinion")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_opinions_study_id_studies"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name=op.f("fk_opinions_reader_id_readers"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinions")),
        sa.UniqueConstraint("study_id", "reader_id", "finding", name=op.f("uq_opinions_study_id_reader_id_finding")),
    )
    op.create_index(op.f("ix_opinions_reader_id"), "opinions", ["reader_id"])


def downgrade() -> None:
    """Drop it; what readers said of findings is lost."""
    op.drop_index(op.f("ix_opinions_reader_id"), "opinions")
    op.drop_table("opinions")
