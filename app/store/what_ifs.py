"""Kept what-ifs: which edits a reader made to a film, and what the network said before and after. Only ever added; taking one
back leaves a mark."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship

from app.domain import Edit, Score
from app.errors import NotFound
from app.store.blobs import Blobs
from app.store.parties import network, reader
from app.store.tables import Base, Id, ImageTable, NetworkTable, ReaderTable, Sha, StudyTable, belongs, now, public_id


class WhatIfTable(Base):
    """A kept what-if: the edits, the pixels they covered as a blob, and the scores before and after."""

    __tablename__ = "what_ifs"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    image_id: Mapped[str] = belongs("images")
    network_id: Mapped[str] = belongs("networks")
    edits: Mapped[list[Any]]
    mask: Mapped[str] = mapped_column(Sha, index=True)
    covered: Mapped[float]
    before: Mapped[list[Any]]
    after: Mapped[list[Any]]
    comment: Mapped[str]
    reader_id: Mapped[str] = belongs("readers")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    network: Mapped[NetworkTable] = relationship(lazy="raise")
    reader: Mapped[ReaderTable] = relationship(lazy="raise")


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfRow:
    """A kept what-if of one image by one network version. ``covered`` is the share of the film's pixels that the edits covered;
    the blob ``mask_sha256`` has them as bits, row by row, the first pixel highest (`numpy.packbits`). ``before`` and ``after``
    have the same findings."""

    id: str
    study_id: str
    image_id: str
    rows: int
    columns: int
    model: str
    model_sha256: str
    edits: tuple[Edit, ...]
    mask_sha256: str
    covered: float
    before: tuple[Score, ...]
    after: tuple[Score, ...]
    comment: str
    reader: str
    created_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is to be kept: ``mask`` is bool (rows, columns), the pixels that all edits together covered."""

    image_id: str
    model: str
    model_sha256: str
    edits: tuple[Edit, ...]
    mask: NDArray[np.bool_]
    before: Sequence[Score]
    after: Sequence[Score]
    comment: str
    reader: str


class WhatIfs:
    """The kept what-ifs of a transaction."""

    def __init__(self, session: Session, blobs: Blobs) -> None:
        self._session = session
        self._blobs = blobs

    def add(self, study_id: str, kept: Kept) -> WhatIfRow:
        """Keep one; NotFound when the image is not of this study."""
        image = self._session.get(ImageTable, kept.image_id)
        if image is None or image.study_id != study_id:
            raise NotFound("There is no such image, or it was removed.")
        row = WhatIfTable(
            study_id=study_id,
            image_id=kept.image_id,
            network_id=network(self._session, kept.model, kept.model_sha256).id,
            edits=[edit.plain() for edit in kept.edits],
            mask=self._blobs.put(np.packbits(kept.mask).tobytes()),
            covered=float(kept.mask.mean()),
            before=[list(astuple(score)) for score in kept.before],
            after=[list(astuple(score)) for score in kept.after],
            comment=kept.comment,
            reader_id=reader(self._session, kept.reader).id,
            created_at=now(),
        )
        self._session.add(row)
        self._session.flush()
        return self.get(row.id)

    def get(self, what_if_id: str) -> WhatIfRow:
        """One of them, taken back or not; NotFound."""
        found = self._session.execute(_what_ifs().where(WhatIfTable.id == what_if_id)).first()
        if found is None:
            raise NotFound("There is no such what-if, or it was removed.")
        return _row(*found)

    def mask(self, what_if_id: str) -> NDArray[np.bool_]:
        """The pixels that were covered, bool (rows, columns); NotFound."""
        row = self.get(what_if_id)
        bits = np.frombuffer(self._blobs.read(row.mask_sha256, "area"), np.uint8)
        return np.unpackbits(bits, count=row.rows * row.columns).reshape(row.rows, row.columns).astype(bool)

    def withdraw(self, what_if_id: str) -> WhatIfRow:
        """Mark one as taken back; once more changes nothing. NotFound."""
        row = self._session.get(WhatIfTable, what_if_id)
        if row is None:
            raise NotFound("There is no such what-if, or it was removed.")
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        return self.get(what_if_id)

    def of_study(self, study_id: str) -> tuple[WhatIfRow, ...]:
        """Those of a study that were not taken back, oldest first."""
        return tuple(_row(*found) for found in self._session.execute(_in_force().where(WhatIfTable.study_id == study_id)))

    def export(self) -> Iterator[tuple[WhatIfRow, str, str]]:
        """All that were not taken back, oldest first, each with its patient's id and accession number."""
        query = _in_force().add_columns(StudyTable.patient_id, StudyTable.accession)
        query = query.join(StudyTable, StudyTable.id == WhatIfTable.study_id)
        for row, image, patient, accession in self._session.execute(query.execution_options(yield_per=200)):
            yield _row(row, image), patient, accession


def _what_ifs() -> "Select[WhatIfTable, ImageTable]":
    return (
        select(WhatIfTable, ImageTable)
        .join(ImageTable, ImageTable.id == WhatIfTable.image_id)
        .join(WhatIfTable.network)
        .join(WhatIfTable.reader)
        .options(contains_eager(WhatIfTable.network), contains_eager(WhatIfTable.reader))
        .execution_options(populate_existing=True)
    )


def _in_force() -> "Select[WhatIfTable, ImageTable]":
    return _what_ifs().where(WhatIfTable.withdrawn_at.is_(None)).order_by(WhatIfTable.created_at, WhatIfTable.id)


def _row(row: WhatIfTable, image: ImageTable) -> WhatIfRow:
    return WhatIfRow(
        id=row.id,
        study_id=row.study_id,
        image_id=row.image_id,
        rows=image.rows,
        columns=image.columns,
        model=row.network.name,
        model_sha256=row.network.sha256,
        edits=tuple(Edit.of(edit) for edit in row.edits),
        mask_sha256=row.mask,
        covered=row.covered,
        before=tuple(Score(*score) for score in row.before),
        after=tuple(Score(*score) for score in row.after),
        comment=row.comment,
        reader=row.reader.name,
        created_at=row.created_at,
        withdrawn_at=row.withdrawn_at,
    )
