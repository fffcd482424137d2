"""What is stored and belongs to nothing: rows whose parent is gone, blobs that no row names, pictures kept beside no blob.

There should be none, ever, but for what a process that was killed had not put away yet, which the next sweep removes.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.blobs import Blobs
from app.store.tables import Base


@dataclass(frozen=True, slots=True)
class Orphans:
    """How many there are. ``rows`` by table, of those that have any; ``missing`` counts blobs that are only named."""

    rows: dict[str, int]
    blobs: int
    derived: int
    missing: int

    def __bool__(self) -> bool:
        return bool(self.rows or self.blobs or self.derived or self.missing)


def counted(session: Session, blobs: Blobs, loose: set[str], named: set[str]) -> Orphans:
    """Count them: ``loose`` are the blobs that no row names, ``named`` those that one does."""
    rows: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            parent = key.column.table.alias()
            there = select(1).where(parent.c[key.column.name] == key.parent).exists()
            lost = select(func.count()).select_from(table).where(key.parent.is_not(None), ~there)
            if count := session.scalar(lost):
                rows[table.name] = rows.get(table.name, 0) + count
    return Orphans(
        rows=rows,
        blobs=len(loose),
        derived=sum(not path.with_name(path.name.partition(".")[0]).is_file() for path in blobs.folder.glob("??/*.*")),
        missing=sum(not blobs.has(sha256) for sha256 in named),
    )
