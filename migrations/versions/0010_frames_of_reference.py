"""Which frame of reference an image's place is told in, and of which class it is.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Of what is stored already neither is known; it is read when a file is removed and uploaded anew."""
    op.add_column("images", sa.Column("frame_of_reference_uid", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("images", sa.Column("sop_class_uid", sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Drop them again."""
    op.drop_column("images", "sop_class_uid")
    op.drop_column("images", "frame_of_reference_uid")
