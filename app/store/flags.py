"""Every verdict in force: filtered, sorted and paged by the database."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.domain import VERDICTS, Patient
from app.store.records import Choices, FlagQuery, FlagRow, FlagSort, Page, Provenance
from app.store.reviews import in_force, review_row, rows
from app.store.tables import (
    AgreementTable,
    AnswerTable,
    CohortCaseTable,
    CohortTable,
    FileTable,
    ImageTable,
    LayerTable,
    NetworkTable,
    PartTable,
    ReaderTable,
    ReviewTable,
    SeriesTable,
    StackImageTable,
    StackTable,
    StudyTable,
)
from app.store.worklist import clipped, contains

FILTERS = {
    "verdict": ReviewTable.verdict,
    "method": LayerTable.method,
    "finding": LayerTable.finding,
    "model": NetworkTable.name,
    "reader": ReaderTable.name,
}

SORTS: dict[FlagSort, tuple[Any, ...]] = {
    "created": (),
    "patient": (StudyTable.searched,),
    "study date": (StudyTable.date, StudyTable.time),
    "verdict": (case({verdict: place for place, verdict in enumerate(VERDICTS)}, value=ReviewTable.verdict),),
    "method": (LayerTable.method,),
    "finding": (LayerTable.finding,),
}


class Flags:
    """The verdicts in force of a transaction, of all studies."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, query: FlagQuery) -> Page[FlagRow]:
        """One page of verdicts in force; a page beyond the last is the last."""
        size = min(max(1, query.size), 200)
        chosen = _flags(query)
        total = self._session.scalar(select(func.count()).select_from(_narrowed(query).subquery())) or 0
        number = clipped(query.number, size, total)
        found = self._session.execute(chosen.limit(size).offset((number - 1) * size)).all()
        return Page(rows=tuple(self._rows(found)), total=total, number=number, size=size)

    def export(self, query: FlagQuery) -> Iterator[FlagRow]:
        """Every verdict in force that the query takes, sorted as it says, without paging; read within the transaction."""
        for part in self._session.execute(_flags(query).execution_options(yield_per=500)).partitions():
            yield from self._rows(part)

    def places(self, query: FlagQuery) -> tuple[tuple[str, str], ...]:
        """The id and the study of every verdict in force that the query takes, sorted as it says, without paging."""
        found = _joined(select(ReviewTable.id, ReviewTable.study_id)).where(*_conditions(query)).order_by(*_order(query))
        return tuple((review, study) for review, study in self._session.execute(found))

    def choices(self) -> Choices:
        """What occurs in the verdicts in force."""
        columns = FILTERS.values()
        return Choices(*(tuple(self._session.scalars(_joined(select(one)).distinct().order_by(one))) for one in columns))

    def _rows(self, found: Any) -> Iterator[FlagRow]:
        """Rows with the images that their regions lie on."""
        found = list(found)
        drawn = {row[0].layer.stack_id for row in found if row[0].regions}
        images: dict[str, dict[int, str]] = {}
        members = select(StackImageTable).where(StackImageTable.stack_id.in_(drawn))
        for one in self._session.scalars(members) if drawn else ():
            images.setdefault(one.stack_id, {})[one.place] = one.image_id
        labelled = self._labelled({row[0].study_id for row in found})
        for row in found:
            known = labelled.get(row[0].study_id, {})
            yield replace(_row(row, images.get(row[0].layer.stack_id, {})), labelled=_about(known, row[0].image_id))

    def _labelled(self, studies: set[str]) -> dict[str, dict[str, list[tuple[str | None, str, str]]]]:
        """By study and cohort, the newest first: what its rows are about, and what cohort and row are called."""
        found: dict[str, dict[str, list[tuple[str | None, str, str]]]] = {}
        query = (
            select(CohortCaseTable.study_id, CohortTable.id, CohortCaseTable.image_id, CohortTable.name, CohortCaseTable.name)
            .join(CohortTable, CohortTable.id == CohortCaseTable.cohort_id)
            .where(CohortCaseTable.study_id.in_(studies))
            .order_by(CohortTable.created_at.desc(), CohortTable.id, CohortCaseTable.number)
        )
        for study, cohort, image, called, name in self._session.execute(query) if studies else ():
            found.setdefault(str(study), {}).setdefault(cohort, []).append((image, called, name))
        return found


def _about(cohorts: dict[str, list[tuple[str | None, str, str]]], image: str) -> tuple[str, str]:
    """The row about an image; or about all of its study, where a cohort has one row of it."""
    for rows_ in cohorts.values():
        for about, cohort, name in rows_:
            if about == image or len(rows_) == 1:
                return cohort, name
    return "", ""


def _joined(query: Any) -> Any:
    """Of the verdicts in force, with what they hang on."""
    return (
        query.select_from(ReviewTable)
        .join(LayerTable, LayerTable.id == ReviewTable.layer_id)
        .join(NetworkTable, NetworkTable.id == LayerTable.network_id)
        .join(ReaderTable, ReaderTable.id == ReviewTable.reader_id)
        .join(StudyTable, StudyTable.id == ReviewTable.study_id)
        .where(in_force(), StudyTable.removal.is_(None))
    )


def _conditions(query: FlagQuery) -> Iterator[ColumnElement[bool]]:
    for name, column in FILTERS.items():
        if value := getattr(query, name):
            yield column == value
    if query.study:
        yield ReviewTable.study_id == query.study
    commented = contains(func.lower(ReviewTable.comment), query.text)
    for found, remark in zip(contains(StudyTable.searched, query.text), commented, strict=True):
        yield or_(found, remark)


def _narrowed(query: FlagQuery) -> Any:
    return _joined(select(ReviewTable.number)).where(*_conditions(query))


def _flags(query: FlagQuery) -> Select[Any]:
    file = and_(FileTable.sop_instance_uid == ImageTable.sop_instance_uid, FileTable.study_id == ImageTable.study_id)
    chosen = (
        rows()
        .join(ImageTable, ImageTable.id == ReviewTable.image_id)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .join(StudyTable, StudyTable.id == ReviewTable.study_id)
        .join(StackTable, StackTable.id == LayerTable.stack_id)
        .outerjoin(FileTable, file)
        .where(in_force(), StudyTable.removal.is_(None), *_conditions(query))
        .add_columns(ImageTable, SeriesTable, StudyTable, StackTable, FileTable.name, scores(), _disagreement())
    )
    return chosen.order_by(*_order(query))


def _order(query: FlagQuery) -> list[Any]:
    columns = (*SORTS[query.sort], ReviewTable.created_at, ReviewTable.number)
    return [column.desc() if query.descending else column.asc() for column in columns]


def scores() -> "ScalarSelect[Any]":
    """The scores of a layer's network version, of its newest answer about the layer's stack, as a correlated subquery."""
    found = (
        select(AnswerTable.scores)
        .join(PartTable, PartTable.answer_id == AnswerTable.id)
        .where(PartTable.stack_id == LayerTable.stack_id, AnswerTable.network_id == LayerTable.network_id)
        .order_by(AnswerTable.created_at.desc(), AnswerTable.id)
        .limit(1)
    )
    return found.correlate(LayerTable).scalar_subquery()


def _disagreement() -> "ScalarSelect[float | None]":
    same = (getattr(AgreementTable, name) == getattr(LayerTable, name) for name in ("stack_id", "network_id", "finding"))
    return select(AgreementTable.disagreement).where(*same).correlate(LayerTable).scalar_subquery()


def _row(found: Row[Any], images: dict[int, str]) -> FlagRow:
    review, image, series, study, stack, file, scores, disagreement = tuple(found)
    row = review_row(review)
    return FlagRow(
        row=row,
        series_id=series.id,
        rows=image.rows,
        columns=image.columns,
        patient=Patient(study.patient_name, study.patient_id, study.birth_date, study.sex),
        date=study.date,
        accession=study.accession,
        description=study.description,
        modality=series.modality,
        phantom=study.phantom,
        plane=cast(Any, stack.plane),
        slices=stack.slices,
        current=stack.current,
        images=images,
        provenance=Provenance(study.study_uid, series.series_uid, image.sop_instance_uid, image.frame, file or ""),
        probability=next((score[1] for score in scores or () if score[0] == row.finding), None),
        disagreement=disagreement,
    )
