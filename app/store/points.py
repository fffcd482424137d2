"""Operating points that readers moved: one per reader, version of a network and finding. Putting one back removes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store import parties
from app.store.tables import Base, Id, NetworkTable, ReaderTable, belongs, now, public_id
from app.store.upserts import insert

Version = tuple[str, str]
"""A network's name and the checksum of its weights."""


class PointTable(Base):
    """From which probability on a finding is called, as a reader moved it."""

    __tablename__ = "points"
    __table_args__ = (UniqueConstraint("reader_id", "network_id", "finding"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    reader_id: Mapped[str] = belongs("readers", index=False)
    network_id: Mapped[str] = belongs("networks")
    finding: Mapped[str]
    probability: Mapped[float]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PointRow:
    """One moved point."""

    model: str
    model_sha256: str
    finding: str
    probability: float
    changed_at: datetime


class Points:
    """The moved points of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def move(self, reader: str, version: Version, finding: str, probability: float) -> PointRow:
        """Keep where a reader moved a point to, in place of where they had it."""
        values = {
            "reader_id": parties.reader(self._session, reader).id,
            "network_id": parties.network(self._session, *version).id,
            "finding": finding,
        }
        made = {**values, "id": public_id(), "probability": probability, "changed_at": now()}
        insert(self._session, PointTable, made, tuple(values))
        row = self._session.scalars(select(PointTable).filter_by(**values)).one()
        row.probability, row.changed_at = probability, now()
        self._session.flush()
        return PointRow(*version, finding, probability, row.changed_at)

    def reset(self, reader: str, version: Version, finding: str) -> bool:
        """Let the card's point hold again; whether it had been moved."""
        name, sha256 = version
        mine = (ReaderTable.name == reader, NetworkTable.name == name, NetworkTable.sha256 == sha256)
        row = self._session.scalar(_joined().where(*mine, PointTable.finding == finding))
        if row is not None:
            self._session.delete(row)
            self._session.flush()
        return row is not None

    def of_reader(self, reader: str) -> tuple[PointRow, ...]:
        """Where a reader moved points to, by network and finding."""
        query = _joined().add_columns(NetworkTable.name, NetworkTable.sha256).where(ReaderTable.name == reader)
        order = (NetworkTable.name, NetworkTable.sha256, PointTable.finding)
        return tuple(
            PointRow(name, sha256, row.finding, row.probability, row.changed_at)
            for row, name, sha256 in self._session.execute(query.order_by(*order))
        )

    def moved(self, reader: str) -> Mapping[tuple[str, str, str], float]:
        """The same by network, checksum and finding."""
        return {(row.model, row.model_sha256, row.finding): row.probability for row in self.of_reader(reader)}


def _joined() -> Select[Any]:
    return (
        select(PointTable)
        .join(ReaderTable, ReaderTable.id == PointTable.reader_id)
        .join(NetworkTable, NetworkTable.id == PointTable.network_id)
    )
