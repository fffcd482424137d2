"""What readers say of the findings of studies: one opinion per reader, study and finding. Taking one back removes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain import OPINIONS, Opinion
from app.store import parties
from app.store.tables import Base, Id, ReaderTable, belongs, now, one_of, public_id
from app.store.upserts import insert


class OpinionTable(Base):
    """Whether a finding is there, as a reader says."""

    __tablename__ = "opinions"
    __table_args__ = (UniqueConstraint("study_id", "reader_id", "finding"), one_of("opinion", OPINIONS))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies", index=False)
    reader_id: Mapped[str] = belongs("readers")
    finding: Mapped[str]
    opinion: Mapped[str]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """One opinion."""

    study_id: str
    reader: str
    finding: str
    opinion: Opinion
    changed_at: datetime


class Opinions:
    """The opinions of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def give(self, study_id: str, reader: str, finding: str, opinion: Opinion) -> OpinionRow:
        """Keep what a reader says of a finding, in place of what they said."""
        values = {"study_id": study_id, "reader_id": parties.reader(self._session, reader).id, "finding": finding}
        made = {**values, "id": public_id(), "opinion": opinion, "changed_at": now()}
        insert(self._session, OpinionTable, made, tuple(values))
        row = self._session.scalars(select(OpinionTable).filter_by(**values)).one()
        row.opinion, row.changed_at = opinion, now()
        self._session.flush()
        return OpinionRow(study_id, reader, finding, opinion, row.changed_at)

    def take_back(self, study_id: str, reader: str, finding: str) -> bool:
        """Say nothing of a finding any more; whether something had been said."""
        mine = (OpinionTable.study_id == study_id, ReaderTable.name == reader, OpinionTable.finding == finding)
        row = self._session.scalar(select(OpinionTable).join(ReaderTable).where(*mine))
        if row is not None:
            self._session.delete(row)
            self._session.flush()
        return row is not None

    def of_study(self, study_id: str) -> tuple[OpinionRow, ...]:
        """What every reader says of a study, by finding and reader."""
        return self._rows(OpinionTable.study_id == study_id)

    def of_reader(self, reader: str) -> Mapping[str, Mapping[str, Opinion]]:
        """What a reader says, by study and finding."""
        found: dict[str, dict[str, Opinion]] = {}
        for row in self._rows(ReaderTable.name == reader):
            found.setdefault(row.study_id, {})[row.finding] = row.opinion
        return found

    def every(self) -> tuple[OpinionRow, ...]:
        """All of them."""
        return self._rows()

    def _rows(self, *wanted: object) -> tuple[OpinionRow, ...]:
        query = select(OpinionTable, ReaderTable.name).join(ReaderTable, ReaderTable.id == OpinionTable.reader_id)
        order = (OpinionTable.study_id, OpinionTable.finding, ReaderTable.name)
        return tuple(
            OpinionRow(row.study_id, name, row.finding, cast("Opinion", row.opinion), row.changed_at)
            for row, name in self._session.execute(query.where(*wanted).order_by(*order))  # type: ignore[arg-type]
        )
