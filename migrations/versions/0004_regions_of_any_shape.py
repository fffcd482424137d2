"""Regions of any shape, their measures, and the sender's token.

Revision 0004, after 0003. A region was [left, top, right, bottom]; it becomes a list of shapes, [[kind, [[x, y], …]], …].
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REVIEWS = sa.table("reviews", sa.column("number", sa.Integer), sa.column("region", sa.JSON(none_as_null=True)))


def upgrade() -> None:
    """Regions of any shape, their measures, and the sender's token."""
    with op.batch_alter_table("reviews") as table:
        table.add_column(sa.Column("measures", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("token", sa.String(length=64), nullable=True))
        table.create_unique_constraint("uq_reviews_token", ["token"])
    _rewrite(shapes)


def downgrade() -> None:
    """Back: of a region the rectangle around it is left."""
    _rewrite(rectangle)
    with op.batch_alter_table("reviews") as table:
        table.drop_constraint("uq_reviews_token", type_="unique")
        table.drop_column("token")
        table.drop_column("measures")


def shapes(region: list[Any]) -> list[Any]:
    """A rectangle as a list of one shape."""
    left, top, right, bottom = region
    return [["rectangle", [[left, top], [right, bottom]]]]


def rectangle(region: list[Any]) -> list[Any]:
    """The rectangle around all shapes."""
    points = [point for _, points in region for point in points]
    across, down = zip(*points, strict=True)
    return [min(across), min(down), max(across), max(down)]


def _rewrite(changed: Callable[[list[Any]], list[Any]]) -> None:
    connection = op.get_bind()
    for number, region in connection.execute(sa.select(REVIEWS).where(REVIEWS.c.region.is_not(None))).all():
        if region is not None:
            connection.execute(sa.update(REVIEWS).where(REVIEWS.c.number == number).values(region=changed(region)))
