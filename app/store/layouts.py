"""Layouts of the panes that readers saved under a name: one per reader and name, and the one in use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.errors import NotFound
from app.store import parties
from app.store.tables import Base, Id, ReaderTable, belongs, now


class LayoutTable(Base):
    """A saved layout; ``layers`` by place, ``own`` what single panes keep for themselves."""

    __tablename__ = "layouts"
    __table_args__ = (UniqueConstraint("reader_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    reader_id: Mapped[str] = belongs("readers", index=False)
    name: Mapped[str]
    rows: Mapped[int]
    columns: Mapped[int]
    layers: Mapped[list[Any]]
    own: Mapped[dict[str, Any]]
    last: Mapped[bool]
    opens: Mapped[str] = mapped_column(default="", server_default=text("''"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows × columns of panes and the layer of each; ``own`` is what single panes keep for themselves, by place, as plain JSON;
    ``last``: the reader had it on last; ``opens``: every case of this kind opens with it, "film" or an exam's modality, "" for
    none."""

    name: str
    rows: int
    columns: int
    layers: tuple[str, ...]
    own: dict[str, Any]
    last: bool
    opens: str = ""


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """A saved layout of a reader."""

    id: str
    reader: str
    layout: Layout
    changed_at: datetime


class Layouts:
    """The layouts of a transaction. Ids come from the page, so that sending one twice stores it once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, layout_id: str, reader: str, layout: Layout) -> LayoutRow:
        """Store a layout, or what became of it. It takes the place of the reader's other one of the same name, and where it is
        the last one, or opens a kind of case, no other does. NotFound where the id is another reader's."""
        party = parties.reader(self._session, reader)
        row = self._session.get(LayoutTable, layout_id)
        if row is not None and row.reader_id != party.id:
            raise NotFound("There is no such layout.")
        others = select(LayoutTable).where(LayoutTable.reader_id == party.id, LayoutTable.id != layout_id)
        for other in self._session.scalars(others):
            if other.name == layout.name:
                self._session.delete(other)
                continue
            other.last = other.last and not layout.last
            if other.opens == layout.opens:
                other.opens = ""
        self._session.flush()
        if row is None:
            row = LayoutTable(id=layout_id, reader_id=party.id, created_at=now())
            self._session.add(row)
        row.name, row.rows, row.columns = layout.name, layout.rows, layout.columns
        row.layers, row.own, row.last = list(layout.layers), dict(layout.own), layout.last
        row.opens = layout.opens
        row.changed_at = now()
        self._session.flush()
        return _row(row, reader)

    def remove(self, layout_id: str, reader: str) -> None:
        """Remove a layout of this reader; NotFound."""
        row = self._session.get(LayoutTable, layout_id)
        if row is None or row.reader_id != parties.reader(self._session, reader).id:
            raise NotFound("There is no such layout.")
        self._session.delete(row)
        self._session.flush()

    def of_reader(self, reader: str) -> tuple[LayoutRow, ...]:
        """A reader's layouts in the order in which they were first saved."""
        mine = select(LayoutTable).join(ReaderTable, ReaderTable.id == LayoutTable.reader_id).where(ReaderTable.name == reader)
        query = mine.order_by(LayoutTable.created_at, LayoutTable.id)
        return tuple(_row(row, reader) for row in self._session.scalars(query))


def _row(row: LayoutTable, reader: str) -> LayoutRow:
    layout = Layout(row.name, row.rows, row.columns, tuple(row.layers), dict(row.own), row.last, row.opens)
    return LayoutRow(row.id, reader, layout, row.changed_at)
