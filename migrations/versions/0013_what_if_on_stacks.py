"""What ifs, and the questions that pages wait for, are about stacks: about which one, and which of its slices were covered.

Revision 0013, after 0012. What was kept is about films, and stays: a film is a stack of one slice.
"""

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from migrations.carrying.rows import public_id, write

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("questions", "what_ifs")
ALONE = """
    SELECT stacks.id FROM stacks JOIN stack_images ON stack_images.stack_id = stacks.id
    WHERE stack_images.image_id = {table}.image_id AND stacks.slices = 1
    ORDER BY stacks.doubtful, stacks.current DESC, stacks.created_at, stacks.id LIMIT 1
"""
"""The stack that an image makes alone."""


def upgrade() -> None:
    """Add the columns, and fill them for what is there."""
    for table in TABLES:
        op.add_column(table, sa.Column("stack_id", sa.String(length=12), nullable=True))
    op.add_column("what_ifs", sa.Column("slices", sa.JSON(), nullable=True))
    bind = op.get_bind()
    _make_alone(bind)
    for table in TABLES:
        bind.execute(sa.text(f"UPDATE {table} SET stack_id = ({ALONE.format(table=table)})"))  # noqa: S608 — names of ours
    bind.execute(sa.text("UPDATE what_ifs SET slices = '[0]'"))
    for table in TABLES:
        with op.batch_alter_table(table) as changed:
            changed.alter_column("stack_id", existing_type=sa.String(length=12), nullable=False)
            changed.create_foreign_key(f"fk_{table}_stack_id_stacks", "stacks", ["stack_id"], ["id"], ondelete="CASCADE")
            if table == "what_ifs":
                changed.alter_column("slices", existing_type=sa.JSON(), nullable=False)
        op.create_index(f"ix_{table}_stack_id", table, ["stack_id"])


def downgrade() -> None:
    """Drop the columns; what is about stacks of several slices is lost."""
    bind = op.get_bind()
    for table in TABLES:
        several = "SELECT id FROM stacks WHERE slices > 1"
        bind.execute(sa.text(f"DELETE FROM {table} WHERE stack_id IN ({several})"))  # noqa: S608 — names of ours
        op.drop_index(f"ix_{table}_stack_id", table)
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(f"fk_{table}_stack_id_stacks", type_="foreignkey")
            changed.drop_column("stack_id")
            if table == "what_ifs":
                changed.drop_column("slices")


def _make_alone(bind: sa.Connection) -> None:
    """Make the stack of every image that something is kept about and that makes none alone, as an earlier state of its series:
    nothing is lost for want of a stack."""
    asked = " UNION ".join(f"SELECT image_id FROM {table}" for table in TABLES)  # noqa: S608 — names of ours
    query = sa.text(
        "SELECT images.id, images.study_id, series_id, sop_instance_uid, frame, localizer, weighting "  # noqa: S608 — as above
        f"FROM images JOIN series ON series.id = series_id WHERE images.id IN ({asked}) AND images.id NOT IN "
        "(SELECT image_id FROM stack_images JOIN stacks ON stacks.id = stack_id WHERE slices = 1)"
    )
    now = datetime.now(UTC) if bind.dialect.name == "postgresql" else datetime.now(UTC).replace(tzinfo=None)
    for image in bind.execute(query).mappings().all():
        told = f"{image['sop_instance_uid']}\n{image['frame']}\n".encode("utf-8", "surrogatepass")
        stack = {
            "id": public_id(),
            "study_id": image["study_id"],
            "series_id": image["series_id"],
            "fingerprint": hashlib.sha256(told).hexdigest(),
            "number": 0,
            "plane": "",
            "weighting": image["weighting"],
            "localizer": bool(image["localizer"]),
            "between": None,
            "oddities": [],
            "slices": 1,
            "current": False,
            "doubtful": False,
            "created_at": now,
            "superseded_at": now,
        }
        write(bind, "stacks", [stack])
        write(bind, "stack_images", [{"stack_id": stack["id"], "place": 0, "image_id": image["id"]}])
