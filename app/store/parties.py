"""Who says things here: versions of networks, and readers, each one row however much they said."""

from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.records import NetworkRow
from app.store.tables import LayerTable, NetworkTable, ReaderTable, now
from app.store.upserts import insert


def network(
    session: Session, name: str, sha256: str, *, title: str = "", version: str = "", imported: bool = False
) -> NetworkTable:
    """The row of a network's version, made where there is none."""
    same = (NetworkTable.name == name, NetworkTable.sha256 == sha256)
    row = session.scalar(select(NetworkTable).where(*same))
    if row is None:
        values = {"name": name, "sha256": sha256, "title": title, "version": version, "imported": imported}
        insert(session, NetworkTable, {**values, "created_at": now()}, ("name", "sha256"))
        row = cast(NetworkTable, session.scalar(select(NetworkTable).where(*same)))
    return row


def reader(session: Session, name: str) -> ReaderTable:
    """The row of a reader, made where there is none."""
    row = session.scalar(select(ReaderTable).where(ReaderTable.name == name))
    if row is None:
        insert(session, ReaderTable, {"name": name, "created_at": now()}, ("name",))
        row = cast(ReaderTable, session.scalar(select(ReaderTable).where(ReaderTable.name == name)))
    return row


class Parties:
    """The networks and readers of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def imported(self) -> tuple[NetworkRow, ...]:
        """Every version of somebody else's network whose results were taken in, by name, the newest version first."""
        counts = func.count(LayerTable.id), func.count(LayerTable.study_id.distinct())
        query = (
            select(NetworkTable, *counts)
            .outerjoin(LayerTable, LayerTable.network_id == NetworkTable.id)
            .where(NetworkTable.imported)
            .group_by(NetworkTable.id)
            .order_by(NetworkTable.name, NetworkTable.created_at.desc())
        )
        return tuple(
            NetworkRow(row.id, row.name, row.sha256, row.title, row.version, row.imported, layers, studies, row.created_at)
            for row, layers, studies in self._session.execute(query)
        )

    def titles(self) -> dict[str, str]:
        """What the imported networks are called, by name; the newest version's title."""
        order = (NetworkTable.name, NetworkTable.created_at)
        query = select(NetworkTable.name, NetworkTable.title).where(NetworkTable.imported).order_by(*order)
        return dict(self._session.execute(query).all())

    def readers(self) -> tuple[str, ...]:
        """The names of everybody who left something here, the latest first."""
        query = select(ReaderTable.name).order_by(ReaderTable.created_at.desc(), ReaderTable.name)
        return tuple(self._session.scalars(query))
