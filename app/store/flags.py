"""Every verdict in force, on images and on stacks alike: filtered, sorted and paged by the database."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, Subquery, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from app.domain import VERDICTS, Patient, Review
from app.exam import ExamReview
from app.store.exam_records import FlagRow
from app.store.exam_reviews import exam_review_row
from app.store.exam_tables import ExamPredictionTable, ExamReviewTable, StackExplanationTable
from app.store.records import Choices, FlagQuery, FlagSort, Page
from app.store.reviews import in_force, review_row, stack_in_force
from app.store.tables import (
    AgreementTable,
    ExplanationTable,
    ImageTable,
    PredictionTable,
    ReviewTable,
    SeriesTable,
    StudyTable,
)
from app.store.worklist import clipped, contains

FILTERS = ("verdict", "method", "finding", "model", "reader")
SHARED = ("id", "study_id", "image_id", "model_sha256", "comment", "created_at", "number", *FILTERS)
"""What verdicts on images and verdicts on stacks are asked for alike."""


class Flags:
    """The verdicts in force of a transaction, of all studies."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, query: FlagQuery) -> Page[FlagRow]:
        """One page of verdicts in force; a page beyond the last is the last."""
        size = min(max(1, query.size), 200)
        chosen = _flags(query)
        total = self._session.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0
        number = clipped(query.number, size, total)
        rows = self._session.execute(chosen.limit(size).offset((number - 1) * size))
        return Page(rows=tuple(_row(row) for row in rows), total=total, number=number, size=size)

    def export(self, query: FlagQuery) -> Iterator[FlagRow]:
        """Every verdict in force that the query takes, sorted as it says, without paging; read within the transaction."""
        for row in self._session.execute(_flags(query).execution_options(yield_per=500)):
            yield _row(row)

    def choices(self) -> Choices:
        """What occurs in the verdicts in force."""
        known = _known()
        columns = [known.c[name] for name in FILTERS]
        return Choices(*(tuple(self._session.scalars(select(one).distinct().order_by(one))) for one in columns))


def _known() -> Subquery:
    """What both kinds of verdicts have in common; ``kind`` tells them apart."""
    films = select(literal("film").label("kind"), *(getattr(ReviewTable, name) for name in SHARED)).where(in_force())
    stacks = select(literal("stack").label("kind"), *(getattr(ExamReviewTable, name) for name in SHARED))
    return union_all(films, stacks.where(stack_in_force())).subquery("known")


def _flags(query: FlagQuery) -> Select[Any]:
    known = _known()
    told = known.c
    chosen = (
        select(
            ReviewTable,
            ExamReviewTable,
            ImageTable,
            SeriesTable,
            StudyTable,
            PredictionTable.scores.label("said_of_film"),
            ExamPredictionTable.scores.label("said_of_exam"),
            _map(ExplanationTable, ReviewTable, "image_id").label("map"),
            _map(StackExplanationTable, ExamReviewTable, "series_id", "stack").label("maps"),
            _disagreement().label("disagreement"),
        )
        .select_from(known)
        .outerjoin(ReviewTable, and_(told.kind == "film", ReviewTable.id == told.id))
        .outerjoin(ExamReviewTable, and_(told.kind == "stack", ExamReviewTable.id == told.id))
        .join(ImageTable, ImageTable.id == told.image_id)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .join(StudyTable, StudyTable.id == told.study_id)
        .outerjoin(PredictionTable, and_(PredictionTable.image_id == ReviewTable.image_id, *_by(PredictionTable, ReviewTable)))
        .outerjoin(
            ExamPredictionTable,
            and_(ExamPredictionTable.study_id == ExamReviewTable.study_id, *_by(ExamPredictionTable, ExamReviewTable)),
        )
    )
    for name in FILTERS:
        if value := getattr(query, name):
            chosen = chosen.where(told[name] == value)
    commented = contains(func.lower(told.comment), query.text)
    for found, said in zip(contains(StudyTable.searched, query.text), commented, strict=True):
        chosen = chosen.where(or_(found, said))
    columns = (*_sorting(known)[query.sort], told.created_at, told.number)
    return chosen.order_by(*(column.desc() if query.descending else column.asc() for column in columns))


def _by(table: Any, review: Any) -> tuple[Any, Any]:
    """Of the network version that a verdict is about."""
    return table.model == review.model, table.model_sha256 == review.model_sha256


def _map(table: Any, review: Any, *place: str) -> "ScalarSelect[str]":
    """The newest map of what was judged, as a correlated subquery."""
    same = (getattr(table, name) == getattr(review, name) for name in (*place, "method", "finding"))
    found = select(table.id).where(*same, *_by(table, review)).order_by(table.created_at.desc(), table.id).limit(1)
    return found.correlate(review).scalar_subquery()


def _disagreement() -> "ScalarSelect[float | None]":
    same = (AgreementTable.image_id == ReviewTable.image_id, AgreementTable.finding == ReviewTable.finding)
    found = select(AgreementTable.disagreement).where(*same, *_by(AgreementTable, ReviewTable))
    return found.correlate(ReviewTable).scalar_subquery()


def _sorting(known: Subquery) -> dict[FlagSort, tuple[Any, ...]]:
    return {
        "created": (),
        "patient": (StudyTable.searched,),
        "study date": (StudyTable.date, StudyTable.time),
        "verdict": (case({verdict: place for place, verdict in enumerate(VERDICTS)}, value=known.c.verdict),),
        "method": (known.c.method,),
        "finding": (known.c.finding,),
    }


def _row(found: Row[Any]) -> FlagRow:
    on_image, on_stack, image, series, study, said_of_film, said_of_exam, map_, maps, disagreement = tuple(found)
    review: Review | ExamReview
    if on_image is not None:
        row, review = on_image, review_row(on_image, image).review
    else:
        row, review = on_stack, exam_review_row(on_stack, series.series_uid, study.study_uid).review
    scores = said_of_film or said_of_exam or ()
    return FlagRow(
        id=row.id,
        study_id=row.study_id,
        series_id=series.id,
        image_id=row.image_id,
        rows=image.rows,
        columns=image.columns,
        patient=Patient(study.patient_name, study.patient_id, study.birth_date, study.sex),
        date=study.date,
        accession=study.accession,
        description=study.description,
        modality=series.modality,
        phantom=study.phantom,
        review=review,
        probability=next((score[1] for score in scores if score[0] == row.finding), None),
        explanation_id=map_ or maps,
        disagreement=disagreement,
    )
