"""Which studies are to be removed, and when.

Revision 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what says so."""
    op.add_column("studies", sa.Column("removal", sa.String(length=12), nullable=True))
    op.add_column("studies", sa.Column("removal_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_studies_removal", "studies", ["removal"])


def downgrade() -> None:
    """Drop it; what was to be removed stays."""
    op.drop_index("ix_studies_removal", table_name="studies")
    op.drop_column("studies", "removal_at")
    op.drop_column("studies", "removal")
