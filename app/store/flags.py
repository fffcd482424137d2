"""Every verdict in force: filtered, sorted and paged by the database."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.domain import VERDICTS, Patient
from app.store.answers import said, scores_of
from app.store.labelled import about, labelled
from app.store.records import FIGURES, Choices, FlagCount, FlagQuery, FlagRow, FlagSort, Page, Provenance
from app.store.reviews import in_force, localisations_of, review_row, rows
from app.store.tables import (
    AgreementTable,
    FileTable,
    ImageTable,
    LayerTable,
    NetworkTable,
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
    "reason": ReviewTable.reason,
}
AT_ONCE = 500
"""Rows that are read at once."""

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
        total = self._session.scalar(select(func.count()).select_from(_narrowed(query).subquery())) or 0
        number = clipped(query.number, size, total)
        start = (number - 1) * size
        if query.sort in FIGURES:
            rows = tuple(self._named(self._ranked(query)[start : start + size]))
        else:
            rows = tuple(self._rows(self._session.execute(_flags(query).limit(size).offset(start)).all()))
        return Page(rows=rows, total=total, number=number, size=size)

    def export(self, query: FlagQuery) -> Iterator[FlagRow]:
        """Every verdict in force that the query takes, sorted as it says, without paging; read within the transaction."""
        if query.sort in FIGURES:
            ranked = self._ranked(query)
            for start in range(0, len(ranked), AT_ONCE):
                yield from self._named(ranked[start : start + AT_ONCE])
            return
        for part in self._session.execute(_flags(query).execution_options(yield_per=AT_ONCE)).partitions():
            yield from self._rows(part)

    def places(self, query: FlagQuery) -> tuple[tuple[str, str], ...]:
        """The id and the study of every verdict in force that the query takes, sorted as it says, without paging."""
        found = _joined(select(ReviewTable.number, ReviewTable.id, ReviewTable.study_id)).where(*_conditions(query))
        rows = {number: (review, study) for number, review, study in self._session.execute(found.order_by(*_order(query)))}
        return tuple(rows[number] for number in (self._ranked(query) if query.sort in FIGURES else rows))

    def counts(self, query: FlagQuery) -> tuple[FlagCount, ...]:
        """How many verdicts in force the query takes, by method, judgement and reason."""
        columns = (LayerTable.method, ReviewTable.verdict, ReviewTable.reason)
        found = _joined(select(*columns, func.count())).where(*_conditions(query)).group_by(*columns).order_by(*columns)
        return tuple(FlagCount(*row) for row in self._session.execute(found))

    def studies(self, query: FlagQuery) -> frozenset[str]:
        """The studies with a verdict in force that the query takes."""
        return frozenset(self._session.scalars(_joined(select(ReviewTable.study_id)).where(*_conditions(query)).distinct()))

    def _ranked(self, query: FlagQuery) -> list[int]:
        """The numbers of all verdicts that the query takes, sorted by a figure; what has none comes last either way. These
        figures stand in JSON, in which the two databases sort differently."""
        columns = (ReviewTable.number, ReviewTable.localisations, LayerTable.method, LayerTable.finding)
        chosen = _joined(select(*columns, said(), _disagreement())).where(*_conditions(query)).order_by(*_order(query))
        figures = {row[0]: _figure(query.sort, row) for row in self._session.execute(chosen)}
        having = {number: figure for number, figure in figures.items() if figure is not None}
        ranked = sorted(having, key=having.__getitem__, reverse=query.descending)
        return ranked + [number for number, figure in figures.items() if figure is None]

    def _named(self, numbers: Sequence[int]) -> Iterator[FlagRow]:
        """These verdicts, in this order."""
        found = self._session.execute(_all().where(ReviewTable.number.in_(numbers))).all()
        rows_ = {row[0].number: row for row in found}
        yield from self._rows([rows_[number] for number in numbers])

    def choices(self) -> Choices:
        """What occurs in the verdicts in force."""
        columns = FILTERS.values()
        found = (self._session.scalars(_joined(select(one)).where(one != "").distinct().order_by(one)) for one in columns)
        return Choices(*(tuple(values) for values in found))

    def _rows(self, found: Any) -> Iterator[FlagRow]:
        """Rows with the images that their regions lie on."""
        found = list(found)
        drawn = {row[0].layer.stack_id for row in found if row[0].regions}
        images: dict[str, dict[int, str]] = {}
        members = select(StackImageTable).where(StackImageTable.stack_id.in_(drawn))
        for one in self._session.scalars(members) if drawn else ():
            images.setdefault(one.stack_id, {})[one.place] = one.image_id
        known = labelled(self._session, {row[0].study_id for row in found})
        for row in found:
            told = about(known.get(row[0].study_id, {}), row[0].image_id)
            yield replace(_row(row, images.get(row[0].layer.stack_id, {})), labelled=told)


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
    return _all().where(*_conditions(query)).order_by(*_order(query))


def _all() -> Select[Any]:
    file = and_(FileTable.sop_instance_uid == ImageTable.sop_instance_uid, FileTable.study_id == ImageTable.study_id)
    return (
        rows()
        .join(ImageTable, ImageTable.id == ReviewTable.image_id)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .join(StudyTable, StudyTable.id == ReviewTable.study_id)
        .join(StackTable, StackTable.id == LayerTable.stack_id)
        .outerjoin(FileTable, file)
        .where(in_force(), StudyTable.removal.is_(None))
        .add_columns(ImageTable, SeriesTable, StudyTable, StackTable, FileTable.name, said(), _disagreement())
    )


def _order(query: FlagQuery) -> list[Any]:
    columns = (*SORTS.get(query.sort, ()), ReviewTable.created_at, ReviewTable.number)
    return [column.desc() if query.descending else column.asc() for column in columns]


def _figure(name: FlagSort, found: Row[Any]) -> float | None:
    """A figure of one verdict; None where it is not known or not defined."""
    _number, localisations, method, finding, said, disagreement = tuple(found)
    if name == "disagreement":
        return cast("float | None", disagreement)
    if name == "probability":
        return next((score.probability for score in scores_of(said or ()) if score.finding == finding), None)
    lies = localisations_of(localisations or {}).get(method)
    return None if lies is None else cast("float | None", getattr(lies, name))


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
