"""What readers say of which slices are one stack: each word a row, never changed but for being taken back.

The rows name images. Who adds one or takes one back has the study's stacks made anew (`app.store.Store.arrange`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from app.errors import NotFound
from app.stacks import REGROUPINGS, STACKED, Regrouping, RegroupingKind
from app.store import parties
from app.store.tables import Base, Id, ImageTable, ReaderTable, SeriesTable, StudyTable, belongs, now, one_of, public_id


class RegroupingTable(Base):
    """One word: its kind, and the ids of the images that it names. ``number`` orders words of the same instant."""

    __tablename__ = "regroupings"
    __table_args__ = (one_of("kind", REGROUPINGS),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    kind: Mapped[str] = mapped_column(String(16))
    images: Mapped[list[Any]]
    reader_id: Mapped[str] = belongs("readers")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(Id, ForeignKey("readers.id", ondelete="CASCADE"), index=True)


@dataclass(frozen=True, slots=True)
class RegroupingRow:
    """One word of a reader: what it says, by which reader and when; and who took it back, "" for nobody. ``images`` are the ids
    of the images that it names."""

    id: str
    study_id: str
    said: Regrouping
    images: tuple[str, ...]
    reader: str
    created_at: datetime
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None

    @property
    def kind(self) -> RegroupingKind:
        """What it says."""
        return self.said.kind


class Regroupings:
    """The words of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, study_id: str, kind: RegroupingKind, images: Sequence[str], reader: str) -> RegroupingRow:
        """Keep a word; the study's stacks are to be made anew."""
        by = parties.reader(self._session, reader).id
        row = RegroupingTable(study_id=study_id, kind=kind, images=list(images), reader_id=by, created_at=now())
        self._session.add(row)
        self._unsorted(study_id)
        return self.get(study_id, row.id)

    def withdraw(self, study_id: str, regrouping_id: str, reader: str) -> RegroupingRow:
        """Take a word back, whoever said it; the study's stacks are to be made anew. Once more changes nothing. NotFound."""
        found = self.get(study_id, regrouping_id)
        if found.withdrawn_at is not None:
            return found
        by = parties.reader(self._session, reader).id
        mine = RegroupingTable.id == regrouping_id
        self._session.execute(update(RegroupingTable).where(mine).values(withdrawn_at=now(), withdrawn_by=by))
        self._unsorted(study_id)
        return self.get(study_id, regrouping_id)

    def _unsorted(self, study_id: str) -> None:
        stacked = (SeriesTable.study_id == study_id, SeriesTable.modality.in_(STACKED))
        self._session.execute(update(SeriesTable).where(*stacked).values(unsorted=True))
        self._session.get_one(StudyTable, study_id).changed_at = now()
        self._session.flush()

    def get(self, study_id: str, regrouping_id: str) -> RegroupingRow:
        """One word, taken back or not; NotFound."""
        found = self._rows(RegroupingTable.study_id == study_id, RegroupingTable.id == regrouping_id)
        if not found:
            raise NotFound("This study has no such split or join.")
        return found[0]

    def of_study(self, study_id: str, *, withdrawn: bool = False) -> tuple[RegroupingRow, ...]:
        """The words in force about a study in the order in which they were said; also those that were taken back."""
        mine = RegroupingTable.study_id == study_id
        return self._rows(mine) if withdrawn else self._rows(mine, RegroupingTable.withdrawn_at.is_(None))

    def in_force(self, study_id: str) -> tuple[Regrouping, ...]:
        """The same as the sorting takes them."""
        return tuple(row.said for row in self.of_study(study_id))

    def _rows(self, *conditions: Any) -> tuple[RegroupingRow, ...]:
        self._session.flush()
        back = aliased(ReaderTable)
        query = (
            select(RegroupingTable, ReaderTable.name, back.name)
            .join(ReaderTable, ReaderTable.id == RegroupingTable.reader_id)
            .outerjoin(back, back.id == RegroupingTable.withdrawn_by)
            .where(*conditions)
            .order_by(RegroupingTable.number)
            .execution_options(populate_existing=True)
        )
        rows = list(self._session.execute(query))
        wanted = {image for row, _, _ in rows for image in row.images}
        columns = (ImageTable.id, ImageTable.sop_instance_uid, ImageTable.frame)
        found = self._session.execute(select(*columns).where(ImageTable.id.in_(wanted)))
        known = {image: (uid, frame) for image, uid, frame in found}
        return tuple(
            RegroupingRow(
                id=row.id,
                study_id=row.study_id,
                said=Regrouping(cast(Any, row.kind), tuple(known[image] for image in row.images)),
                images=tuple(row.images),
                reader=reader,
                created_at=row.created_at,
                withdrawn_by=withdrawn_by or "",
                withdrawn_at=row.withdrawn_at,
            )
            for row, reader, withdrawn_by in rows
        )
