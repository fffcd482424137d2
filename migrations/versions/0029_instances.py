"""Which image a file of an upload is, so that a cohort's films may come in parts, before its table.

Revision 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; nothing is known of files that came before."""
    op.add_column("upload_files", sa.Column("sop_instance_uid", sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("upload_files", "sop_instance_uid")
