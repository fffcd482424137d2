"""How much of a layer lies outside its image, in what made it a square for the network.

Revision 0014, after 0013. Of the layers that are there it is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LAYERS = sa.table("layers", sa.column("id", sa.String), sa.column("extent", sa.JSON))


def upgrade() -> None:
    """Add the column."""
    op.add_column("layers", sa.Column("padding", sa.Float(precision=53), nullable=True))


def downgrade() -> None:
    """Drop it, and how far layers are drawn: they lie where they lay, drawn as far as their cells go."""
    op.drop_column("layers", "padding")
    bind = op.get_bind()
    for layer, extent in bind.execute(sa.select(LAYERS.c.id, LAYERS.c.extent)).all():
        if len(extent) > 4:
            bind.execute(sa.update(LAYERS).where(LAYERS.c.id == layer).values(extent=extent[:4]))
