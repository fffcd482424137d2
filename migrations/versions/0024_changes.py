"""Layers of what an edit changes on a film: above zero brighter, below darker.

Revision 0024, after 0023.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KINDS = "kind IN ('relevance', 'attention', 'probability', 'labels', 'image', 'outline', 'change')"
KINDS_BEFORE = "kind IN ('relevance', 'attention', 'probability', 'labels', 'image', 'outline')"


def upgrade() -> None:
    """Allow the kind."""
    _allow(KINDS)


def downgrade() -> None:
    """Call them signed maps, as which they are drawn alike: what was said of them stays."""
    op.execute("UPDATE layers SET kind = 'relevance' WHERE kind = 'change'")
    _allow(KINDS_BEFORE)


def _allow(kinds: str) -> None:
    with op.batch_alter_table("layers") as layers:
        layers.drop_constraint(op.f("ck_layers_kind"), type_="check")
        layers.create_check_constraint(op.f("ck_layers_kind"), kinds)
