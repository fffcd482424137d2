"""How far readers are with studies: opened, or done with. A study that a reader never opened has no row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, ForeignKey, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.parties import reader
from app.store.tables import Base, Id, ReaderTable, StudyTable, now
from app.store.upserts import insert

Reading = Literal["unread", "read", "done"]
READINGS: tuple[Reading, ...] = ("unread", "read", "done")


class ReadingTable(Base):
    """How far one reader is with one study."""

    __tablename__ = "readings"

    study_id: Mapped[str] = mapped_column(Id, ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True)
    reader_id: Mapped[str] = mapped_column(Id, ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True, index=True)
    opened_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Readings:
    """The readings of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, study_id: str, name: str) -> None:
        """A reader opened a study; once more changes nothing."""
        values = {"study_id": study_id, "reader_id": reader(self._session, name).id, "opened_at": now(), "done_at": None}
        insert(self._session, ReadingTable, values, ("study_id", "reader_id"))

    def settle(self, study_id: str, name: str, *, done: bool) -> None:
        """A reader is done with a study, or not done after all."""
        self.open(study_id, name)
        who = reader(self._session, name).id
        row = self._session.get_one(ReadingTable, (study_id, who), populate_existing=True)
        row.done_at = now() if done else None
        self._session.flush()

    def of(self, studies: Iterable[str], name: str) -> dict[str, Reading]:
        """How far a reader is with these studies, by their ids; those never opened are left out."""
        query = (
            select(ReadingTable.study_id, ReadingTable.done_at)
            .join(ReaderTable, ReaderTable.id == ReadingTable.reader_id)
            .where(ReaderTable.name == name, ReadingTable.study_id.in_(tuple(studies)))
        )
        return {study: "read" if done_at is None else "done" for study, done_at in self._session.execute(query)}

    def done(self, name: str) -> frozenset[str]:
        """The studies that a reader is done with."""
        query = select(ReadingTable.study_id).join(ReaderTable, ReaderTable.id == ReadingTable.reader_id)
        return frozenset(self._session.scalars(query.where(ReaderTable.name == name, ReadingTable.done_at.is_not(None))))


def reads(name: str, reading: Reading) -> ColumnElement[bool]:
    """Whether a reader is that far with a study."""
    mine = (
        select(ReadingTable.study_id)
        .join(ReaderTable, ReaderTable.id == ReadingTable.reader_id)
        .where(ReadingTable.study_id == StudyTable.id, ReaderTable.name == name)
    )
    if reading == "unread":
        return ~exists(mine)
    return exists(mine.where(ReadingTable.done_at.is_(None) if reading == "read" else ReadingTable.done_at.is_not(None)))
