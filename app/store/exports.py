"""What is exported whole: answers and layers of all studies, each beside what tells where it comes from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from app.domain import Part, Patient, Plane, Score
from app.store import layers
from app.store.answers import said, scores_of
from app.store.labelled import about, labelled
from app.store.records import LayerRow, Page, Provenance
from app.store.tables import (
    AnswerTable,
    CorrectionTable,
    FileTable,
    ImageTable,
    LayerTable,
    NetworkTable,
    PartTable,
    SeriesTable,
    StackImageTable,
    StackTable,
    StudyTable,
)
from app.store.worklist import clipped

BATCH = 200
"""Rows that are read at once."""


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """What to export; empty strings mean "no filter". ``method`` and ``kind`` are of layers only; ``studies``: of no other
    studies than these, of predictions only."""

    study: str = ""
    model: str = ""
    finding: str = ""
    method: str = ""
    kind: str = ""
    studies: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stack comes from. ``plane`` is the header's or a reader's; ``current``: it is what its series is now."""

    study_id: str
    series_id: str
    stack_id: str
    patient: Patient
    date: str
    accession: str
    modality: str
    phantom: bool
    plane: Plane
    slices: int
    current: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """An image of a stack, ``place`` counting from 0: its id and where it comes from."""

    place: int
    image_id: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """What one network said of one finding of one stack. ``score`` is the whole answer's, ``own`` the stack's own, with
    ``contribution`` what it adds to the answer's logit; None where the part does not answer for the finding. ``slice`` is the
    one with the largest score, else the first. ``labelled``: which cohort has a row about it, and what that calls it."""

    answer_id: str
    model: str
    model_sha256: str
    device: str
    created_at: datetime
    score: Score
    own: Score | None
    contribution: float | None
    source: Source
    slice: Slice
    labelled: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, eq=False)
class LayeredRow:
    """A layer with its source. ``probability`` is what its network said of the finding, None where it said nothing; ``slice``
    is the one on which it weighs most."""

    row: LayerRow
    probability: float | None
    source: Source
    slice: Slice


class Exports:
    """The exports of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def sources(self, study_id: str) -> Mapping[str, Provenance]:
        """Where the images of a study come from, by their ids."""
        found = self._session.execute(_images().where(ImageTable.study_id == study_id))
        return {image.id: _provenance(image, series, study, file) for image, series, study, file in found}

    def answers(self, query: ExportQuery) -> Iterator[AnsweredRow]:
        """What networks said, a row per finding and stack, the oldest answer first; read within the transaction."""
        for part in self._session.execute(_answered(query).execution_options(yield_per=BATCH)).partitions():
            yield from self._answers(part, query.finding)

    def answers_page(self, query: ExportQuery, number: int, size: int) -> Page[AnsweredRow]:
        """One page of `answers`: the rows of ``size`` stacks that were read; ``total`` counts those stacks."""
        found, total, number = self._page(_answered(query), number, size)
        return Page(tuple(self._answers(found, query.finding)), total, number, size)

    def layers(self, query: ExportQuery) -> Iterator[LayeredRow]:
        """The layers there are, the oldest first; read within the transaction."""
        for part in self._session.execute(_layered(query).execution_options(yield_per=BATCH)).partitions():
            yield from self._layers(part)

    def layers_page(self, query: ExportQuery, number: int, size: int) -> Page[LayeredRow]:
        """One page of `layers`."""
        found, total, number = self._page(_layered(query), number, size)
        return Page(tuple(self._layers(found)), total, number, size)

    def _page(self, query: Select[Any], number: int, size: int) -> tuple[list[Any], int, int]:
        counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
        total = self._session.scalar(counted) or 0
        number = clipped(number, size, total)
        return list(self._session.execute(query.limit(size).offset((number - 1) * size))), total, number

    def _answers(self, found: Iterable[Any], finding: str) -> Iterator[AnsweredRow]:
        rows = list(found)
        wanted: set[tuple[str, int]] = set()
        said = []
        for row in rows:
            part = _part(row.PartTable)
            told = [score for score in scores_of(row.AnswerTable.scores) if finding in {"", score.finding}]
            places = [(score, part.opens_at(score.finding) or 0) for score in told]
            wanted |= {(row.StackTable.id, place) for _, place in places}
            said.append((row, part, places))
        slices = self._slices(wanted)
        known = labelled(self._session, {row.StudyTable.id for row in rows})
        for row, part, places in said:
            own = {score.finding: score for score in part.scores}
            adds = dict(zip(own, part.contributions, strict=False))
            for score, place in places:
                yield AnsweredRow(
                    answer_id=row.AnswerTable.id,
                    model=row.NetworkTable.name,
                    model_sha256=row.NetworkTable.sha256,
                    device=row.AnswerTable.device,
                    created_at=row.AnswerTable.created_at,
                    score=score,
                    own=own.get(score.finding),
                    contribution=adds.get(score.finding),
                    source=_source(row, part.plane),
                    slice=slices[row.StackTable.id, place],
                    labelled=about(known.get(row.StudyTable.id, {}), slices[row.StackTable.id, place].image_id),
                )

    def _layers(self, found: Iterable[Any]) -> Iterator[LayeredRow]:
        rows = [(row, layers.layer_row(row.LayerTable)) for row in found]
        heaviest = [max(range(len(layer.mass)), key=layer.mass.__getitem__) for _, layer in rows]
        slices = self._slices({(layer.stack_id, place) for (_, layer), place in zip(rows, heaviest, strict=True)})
        for (row, layer), place in zip(rows, heaviest, strict=True):
            told = {score.finding: score.probability for score in scores_of(row.said or ())}
            yield LayeredRow(layer, told.get(layer.finding), _source(row, row.plane), slices[layer.stack_id, place])

    def _slices(self, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], Slice]:
        """These slices of stacks, each given as the stack's id and the place."""
        stacks, places = {stack for stack, _ in wanted}, {place for _, place in wanted}
        member = and_(StackImageTable.image_id == ImageTable.id, StackImageTable.stack_id.in_(stacks))
        query = _images().join(StackImageTable, member).where(StackImageTable.place.in_(places))
        return {
            (stack, place): Slice(place, image.id, _provenance(image, series, study, file))
            for image, series, study, file, stack, place in self._session.execute(
                query.add_columns(StackImageTable.stack_id, StackImageTable.place)
            )
        }


def _images() -> Select[Any]:
    """Images with their series, their study, and the name of the file that they came in."""
    file = and_(FileTable.sop_instance_uid == ImageTable.sop_instance_uid, FileTable.study_id == ImageTable.study_id)
    columns: tuple[Any, ...] = (ImageTable, SeriesTable, StudyTable, FileTable.name)
    return (
        select(*columns)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .join(StudyTable, StudyTable.id == ImageTable.study_id)
        .outerjoin(FileTable, file)
    )


def _provenance(image: ImageTable, series: SeriesTable, study: StudyTable, file: str | None) -> Provenance:
    return Provenance(study.study_uid, series.series_uid, image.sop_instance_uid, image.frame, file or "")


def _of_stacks(query: Any) -> Any:
    """With series and study of the stack, and what a reader said of its plane."""
    return (
        query.join(SeriesTable, SeriesTable.id == StackTable.series_id)
        .join(StudyTable, StudyTable.id == StackTable.study_id)
        .outerjoin(CorrectionTable, CorrectionTable.stack_id == StackTable.id)
    )


def _answered(query: ExportQuery) -> Select[Any]:
    chosen = (
        select(AnswerTable, PartTable, NetworkTable, StackTable, SeriesTable, StudyTable)
        .join(PartTable, PartTable.answer_id == AnswerTable.id)
        .join(NetworkTable, NetworkTable.id == AnswerTable.network_id)
        .join(StackTable, StackTable.id == PartTable.stack_id)
    )
    asked = ((StudyTable.id, query.study), (NetworkTable.name, query.model))
    order = (AnswerTable.created_at, AnswerTable.id, PartTable.place)
    only = () if query.studies is None else (StudyTable.id.in_(tuple(query.studies)),)
    return cast("Select[Any]", _of_stacks(chosen).where(*_conditions(asked), *only).order_by(*order))


def _layered(query: ExportQuery) -> Select[Any]:
    asked = (
        (LayerTable.study_id, query.study),
        (NetworkTable.name, query.model),
        (LayerTable.finding, query.finding),
        (LayerTable.method, query.method),
        (LayerTable.kind, query.kind),
    )
    chosen = layers.layer_rows().join(StudyTable, StudyTable.id == StackTable.study_id)
    chosen = chosen.outerjoin(CorrectionTable, CorrectionTable.stack_id == StackTable.id)
    plane = func.coalesce(CorrectionTable.plane, StackTable.plane).label("plane")
    more = chosen.add_columns(StackTable, SeriesTable, StudyTable, plane, said().label("said"))
    return more.where(*_conditions(asked)).order_by(None).order_by(LayerTable.created_at, LayerTable.id)


def _conditions(asked: Iterable[tuple[Any, str]]) -> list[ColumnElement[bool]]:
    return [StudyTable.removal.is_(None), *(column == value for column, value in asked if value)]


def _part(row: PartTable) -> Part:
    return Part(
        stack="",
        plane=cast(Any, row.plane),
        scores=scores_of(row.scores),
        contributions=tuple(row.contributions),
        slice_scores=tuple(tuple(one) for one in row.slice_scores),
        slice_weights=tuple(tuple(one) for one in row.slice_weights),
    )


def _source(row: Any, plane: Plane) -> Source:
    study, series, stack = row.StudyTable, row.SeriesTable, row.StackTable
    return Source(
        study_id=study.id,
        series_id=series.id,
        stack_id=stack.id,
        patient=Patient(study.patient_name, study.patient_id, study.birth_date, study.sex),
        date=study.date,
        accession=study.accession,
        modality=series.modality,
        phantom=study.phantom,
        plane=plane,
        slices=stack.slices,
        current=stack.current,
    )
