"""What lists are searched for, what is read through, how far readers are with it, and what a disagreement weighs.

Revision 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the columns. What is known of how far methods agree is weighed while a worker has nothing else to
    do; until then it counts for nothing in lists."""
    op.add_column("agreements", sa.Column("weight", sa.Float(53), nullable=True))
    op.add_column("studies", sa.Column("weighed", sa.Float(53), nullable=True))
    op.execute("UPDATE studies SET disagreement = NULL")
    op.create_table(
        "searches",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
        sa.UniqueConstraint("text", name="uq_searches_text"),
    )
    op.create_index("ix_searches_used_at", "searches", ["used_at"])
    op.create_table(
        "queues",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_queues"),
        sa.UniqueConstraint("key", name="uq_queues_key"),
    )
    op.create_index("ix_queues_used_at", "queues", ["used_at"])
    op.create_table(
        "readings",
        sa.Column("study_id", sa.String(length=12), nullable=False),
        sa.Column("reader_id", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_readings_study_id_studies", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_readings_reader_id_readers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "reader_id", name="pk_readings"),
    )
    op.create_index("ix_readings_reader_id", "readings", ["reader_id"])


def downgrade() -> None:
    """Drop them."""
    for name in ("readings", "queues", "searches"):
        op.drop_table(name)
    op.drop_column("studies", "weighed")
    op.drop_column("agreements", "weight")
