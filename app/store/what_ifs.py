"""Kept what-ifs: which edits a reader made to a film or to a stack, and what the network said before and after. Only ever
added; taking one back leaves a mark."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from app.domain import Edit, Score
from app.errors import NotFound
from app.store.blobs import Blobs
from app.store.parties import network, reader
from app.store.stacks import missing
from app.store.tables import ImageTable, StackImageTable, StackTable, StudyTable, WhatIfTable, now


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfRow:
    """A kept what-if of one stack, a film or more, by one network version.

    ``covered`` is the share of the stack's pixels that the edits covered; the blob ``mask_sha256`` has them as bits, slice by
    slice of those at the places ``slices``, row by row, the first pixel highest (`numpy.packbits`). ``stack`` are the stack's
    images, by their ids, each of ``rows`` × ``columns`` pixels; ``image_id`` is the slice of which most is covered. ``before``
    and ``after`` have the same findings.
    """

    id: str
    study_id: str
    stack_id: str
    stack: tuple[str, ...]
    image_id: str
    slices: tuple[int, ...]
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

    @property
    def images(self) -> tuple[str, ...]:
        """The slices that the edits covered something of, by their images' ids."""
        return tuple(self.stack[place] for place in self.slices)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is to be kept: ``mask`` is bool (slices, rows, columns), the pixels of the whole stack that all edits together
    covered, at least one."""

    stack_id: str
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
        """Keep one; NotFound when the stack is not of this study."""
        stack = self._session.get(StackTable, kept.stack_id)
        if stack is None or stack.study_id != study_id:
            raise missing()
        pixels = kept.mask.sum(axis=(1, 2))
        slices = np.flatnonzero(pixels)
        row = WhatIfTable(
            study_id=study_id,
            stack_id=kept.stack_id,
            image_id=self._members([kept.stack_id])[kept.stack_id][int(np.argmax(pixels))],
            network_id=network(self._session, kept.model, kept.model_sha256).id,
            edits=[edit.plain() for edit in kept.edits],
            slices=slices.tolist(),
            mask=self._blobs.put(np.packbits(kept.mask[slices]).tobytes()),
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
        rows = self._rows(_what_ifs().where(WhatIfTable.id == what_if_id))
        if not rows:
            raise _gone()
        return rows[0]

    def mask(self, what_if_id: str) -> NDArray[np.bool_]:
        """The pixels that were covered, bool (slices, rows, columns), of the slices that the row names; NotFound."""
        row = self.get(what_if_id)
        shape = (len(row.slices), row.rows, row.columns)
        bits = np.frombuffer(self._blobs.read(row.mask_sha256, "area"), np.uint8)
        return np.unpackbits(bits, count=math.prod(shape)).reshape(shape).astype(bool)

    def withdraw(self, what_if_id: str) -> WhatIfRow:
        """Mark one as taken back; once more changes nothing. NotFound."""
        row = self._session.get(WhatIfTable, what_if_id)
        if row is None:
            raise _gone()
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        return self.get(what_if_id)

    def of_study(self, study_id: str) -> tuple[WhatIfRow, ...]:
        """Those of a study that were not taken back, oldest first."""
        return self._rows(_in_force().where(WhatIfTable.study_id == study_id))

    def export(self) -> Iterator[tuple[WhatIfRow, str, str]]:
        """All that were not taken back, oldest first, each with its patient's id and accession number."""
        query = _in_force().add_columns(StudyTable.patient_id, StudyTable.accession)
        query = query.join(StudyTable, StudyTable.id == WhatIfTable.study_id).where(StudyTable.removal.is_(None))
        for part in self._session.execute(query.execution_options(yield_per=200)).partitions():
            members = self._members({found[0].stack_id for found in part})
            for row, image, patient, accession in part:
                yield _row(row, image, members[row.stack_id]), patient, accession

    def _rows(self, query: "Select[WhatIfTable, ImageTable]") -> tuple[WhatIfRow, ...]:
        found = self._session.execute(query).all()
        members = self._members({row.stack_id for row, _ in found})
        return tuple(_row(row, image, members[row.stack_id]) for row, image in found)

    def _members(self, stacks: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The images of these stacks, in order, by the stacks' ids."""
        query = select(StackImageTable).where(StackImageTable.stack_id.in_(stacks)).order_by(StackImageTable.place)
        images: dict[str, list[str]] = {}
        for one in self._session.scalars(query) if stacks else ():
            images.setdefault(one.stack_id, []).append(one.image_id)
        return {stack: tuple(own) for stack, own in images.items()}


def _gone() -> NotFound:
    return NotFound("There is no such what-if, or it was removed.")


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


def _row(row: WhatIfTable, image: ImageTable, stack: tuple[str, ...]) -> WhatIfRow:
    return WhatIfRow(
        id=row.id,
        study_id=row.study_id,
        stack_id=row.stack_id,
        stack=stack,
        image_id=row.image_id,
        slices=tuple(row.slices),
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
