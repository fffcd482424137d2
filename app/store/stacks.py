"""Stacks: which images of a series make one, kept as rows of their own, so that what is said of a stack stays with its images.

`arranged` computes them, outside of any transaction that writes; `Stacks.settle` brings the rows in line. A stack whose
members changed is another stack: the old one goes where nobody said anything of it, else it stays beside the new one as an
earlier state of its series. What a reader said of its plane goes along to a stack that has all its images and more, and to the
parts of one that a reader split.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.stacks import Regrouping, Stack, arrange, regrouped
from app.store.records import CorrectionRow, ImageRow, OddityRow, SeriesRow, StackRow
from app.store.tables import (
    CorrectionTable,
    ImageTable,
    JobTable,
    LayerTable,
    PartTable,
    SeriesTable,
    StackImageTable,
    StackTable,
    StudyTable,
    WhatIfTable,
    now,
    public_id,
)

NOTHING = CorrectionRow()


def arranged(series: Sequence[SeriesRow], words: Sequence[Regrouping] = ()) -> tuple[Stack[ImageRow], ...]:
    """The stacks that the images of series make, numbered in their order within each, with what readers said of them."""
    return regrouped((stack for one in series for stack in arrange(one)), words)


class Stacks:
    """The stacks of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unsorted(self, study_id: str) -> tuple[str, ...]:
        """The series of a study that got images since their stacks were made."""
        mine = (SeriesTable.study_id == study_id, SeriesTable.unsorted)
        return tuple(self._session.scalars(select(SeriesTable.id).where(*mine).order_by(SeriesTable.number)))

    def settle(self, series: Sequence[SeriesRow], study_id: str, found: Sequence[Stack[ImageRow]]) -> bool:
        """Bring the rows of series in line with the stacks that their images make; False, and nothing is changed, where they
        got other images since ``found`` was computed."""
        ids = {one.series_uid: one.id for one in series}
        counted = select(func.count()).select_from(ImageTable).where(ImageTable.series_id.in_(ids.values()))
        if self._session.scalar(counted) != sum(len(one.images) for one in series):
            return False
        wanted = {stack.fingerprint: stack for stack in found}
        rows = list(self._session.scalars(select(StackTable).where(StackTable.series_id.in_(ids.values()))))
        known = {row.fingerprint: row for row in rows}
        made = [stack for name, stack in wanted.items() if name not in known]
        self._add(study_id, ids, made)
        for row in rows:
            stack = wanted.get(row.fingerprint)
            if stack is not None:
                row.number, row.current, row.superseded_at = stack.number, True, None
                row.oddities = [asdict(oddity) for oddity in stack.oddities]
            elif row.current:
                self._supersede(row, made)
        self._session.execute(update(SeriesTable).where(SeriesTable.id.in_(ids.values())).values(unsorted=False))
        self._session.flush()
        return True

    def _add(self, study_id: str, ids: Mapping[str, str], made: Iterable[Stack[ImageRow]]) -> None:
        stacks: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        for stack in made:
            stack_id = public_id()
            stacks.append(
                {
                    "id": stack_id,
                    "study_id": study_id,
                    "series_id": ids[stack.series_uid],
                    "fingerprint": stack.fingerprint,
                    "number": stack.number,
                    "plane": stack.plane,
                    "weighting": stack.weighting,
                    "localizer": stack.localizer,
                    "between": stack.between,
                    "oddities": [asdict(oddity) for oddity in stack.oddities],
                    "slices": len(stack.images),
                    "current": True,
                    "created_at": now(),
                }
            )
            members += [
                {"stack_id": stack_id, "place": place, "image_id": image.id} for place, image in enumerate(stack.images)
            ]
        if stacks:
            self._session.execute(insert(StackTable), stacks)
            self._session.execute(insert(StackImageTable), members)

    def _supersede(self, row: StackTable, made: Sequence[Stack[ImageRow]]) -> None:
        """Let a stack go that its series makes no more; keep it as an earlier state where something was said of it."""
        mine = set(self._session.scalars(select(StackImageTable.image_id).where(StackImageTable.stack_id == row.id)))
        correction = self._session.get(CorrectionTable, row.id)
        for heir in made if correction is not None else ():
            theirs = {image.id for image in heir.images}
            if correction is not None and (mine <= theirs or theirs <= mine):
                self._inherit(correction, heir.fingerprint)
        referring = (table.stack_id == row.id for table in (PartTable, LayerTable, JobTable, WhatIfTable))
        if self._session.scalar(select(or_(*(exists().where(one) for one in referring)))):
            row.current, row.superseded_at = False, now()
        else:
            self._session.delete(row)
        self._session.flush()

    def _inherit(self, correction: CorrectionTable, fingerprint: str) -> None:
        """Let what a reader said of a stack hold for another one too, of which nothing is said yet."""
        self._session.flush()
        stack_id = self._session.scalar(select(StackTable.id).where(StackTable.fingerprint == fingerprint))
        if self._session.get(CorrectionTable, stack_id) is None:
            taken = {name: getattr(correction, name) for name in CORRECTED}
            self._session.add(CorrectionTable(stack_id=stack_id, **taken))

    def get(self, stack_id: str) -> StackRow:
        """One stack; NotFound."""
        return self._one(StackTable.id == stack_id)

    def find(self, study_id: str, name: str) -> StackRow:
        """A stack of a study by its id, or by the id of its series and its number there, as addresses had it before stacks had
        ids of their own: that means what the series is now. NotFound."""
        series, hyphen, number = name.partition("-")
        mine = StackTable.study_id == study_id
        if not hyphen:
            return self._one(mine, StackTable.id == name)
        if not (number.isascii() and number.isdigit() and len(number) < 9):
            raise missing()
        return self._one(mine, StackTable.series_id == series, StackTable.number == int(number), StackTable.current)

    def of_fingerprint(self, study_id: str, fingerprint: str) -> StackRow:
        """The stack of a study with these members; NotFound."""
        return self._one(StackTable.study_id == study_id, StackTable.fingerprint == fingerprint)

    def of_image(self, image_id: str) -> StackRow:
        """The stack that an image is in now; NotFound for an image that is not there, or whose upload is not over yet."""
        inside = select(StackImageTable.stack_id).where(StackImageTable.image_id == image_id)
        return self._one(StackTable.id.in_(inside), StackTable.current)

    def of_study(self, study_id: str, *, earlier: bool = False) -> tuple[StackRow, ...]:
        """A study's stacks in the order of its series; with ``earlier``, also what its series were before."""
        query = _stacks().where(StackTable.study_id == study_id)
        return self._rows(query if earlier else query.where(StackTable.current))

    def _one(self, *conditions: Any) -> StackRow:
        rows = self._rows(_stacks().where(*conditions))
        if not rows:
            raise missing()
        return rows[0]

    def _rows(self, query: "Select[StackTable, CorrectionTable]") -> tuple[StackRow, ...]:
        rows = list(self._session.execute(query.execution_options(populate_existing=True)))
        wanted = query.with_only_columns(StackTable.id).order_by(None)
        members = select(StackImageTable.stack_id, StackImageTable.image_id).where(StackImageTable.stack_id.in_(wanted))
        images: dict[str, list[str]] = {}
        for stack_id, image_id in self._session.execute(members.order_by(StackImageTable.stack_id, StackImageTable.place)):
            images.setdefault(stack_id, []).append(image_id)
        return tuple(_row(stack, said, tuple(images[stack.id])) for stack, said in rows)

    def correct(self, stack_id: str, correction: CorrectionRow) -> bool:
        """Keep what a reader says of a stack, in place of what was said before; one that says nothing is let go. NotFound.

        Whether it changed anything.
        """
        stack = self.get(stack_id)
        if correction == stack.correction:
            return False
        self._session.execute(delete(CorrectionTable).where(CorrectionTable.stack_id == stack_id))
        if correction != NOTHING:
            self._session.add(CorrectionTable(stack_id=stack_id, created_at=now(), **asdict(correction)))
        self._session.get_one(StudyTable, stack.study_id).changed_at = now()
        self._session.flush()
        return True


CORRECTED = ("plane", "weighting", "used", "created_at")


def missing() -> NotFound:
    """That there is no such stack."""
    return NotFound("This study has no such stack.")


def over(fingerprints: Iterable[str]) -> str:
    """What stands for the stacks that an answer is about, whatever their order."""
    return hashlib.sha256("\n".join(sorted(fingerprints)).encode()).hexdigest()


def _stacks() -> "Select[StackTable, CorrectionTable]":
    return (
        select(StackTable, CorrectionTable)
        .outerjoin(CorrectionTable, CorrectionTable.stack_id == StackTable.id)
        .join(SeriesTable, SeriesTable.id == StackTable.series_id)
        .order_by(SeriesTable.number, StackTable.current.desc(), StackTable.number, StackTable.created_at, StackTable.id)
    )


def _row(row: StackTable, said: CorrectionTable | None, images: tuple[str, ...]) -> StackRow:
    correction = CorrectionRow(cast(Any, said.plane), said.weighting, said.used) if said else NOTHING
    return StackRow(
        id=row.id,
        study_id=row.study_id,
        series_id=row.series_id,
        fingerprint=row.fingerprint,
        number=row.number,
        plane=cast(Any, row.plane) if correction.plane is None else correction.plane,
        weighting=row.weighting if correction.weighting is None else correction.weighting,
        localizer=row.localizer,
        between=row.between,
        oddities=tuple(OddityRow(odd["template"], odd["values"]) for odd in row.oddities),
        images=images,
        current=row.current,
        doubtful=row.doubtful,
        correction=correction,
        created_at=row.created_at,
        superseded_at=row.superseded_at,
    )
