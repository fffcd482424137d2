"""What Alembic runs: the steps in ``versions/`` on the connection that `app.store.migrating` hands over.

Changes to the tables: edit app/store/tables.py, then ``python -m migrations "what changes"`` drafts the next step.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator

from app.store.tables import Base


def plain(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write the store's own column types as the plain ones below them, so that a step never changes with the product's code."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    compare_type=True,
    render_item=plain,
)
with context.begin_transaction():
    context.run_migrations()
