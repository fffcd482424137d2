"""Making a row that another transaction may be making at the same moment: the first one counts, the others find it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.store.tables import Base


def insert(session: Session, table: type[Base], values: Mapping[str, Any], unique: Sequence[str]) -> bool:
    """Add a row unless one of the same ``unique`` columns is there; whether it was added.

    Both databases wait for a transaction that has added the same one and is not over yet.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(dict(values)).on_conflict_do_nothing(index_elements=list(unique))
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1
