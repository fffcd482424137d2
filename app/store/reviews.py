"""Reviews: readers' verdicts. They are only ever added; taking one back leaves a mark."""

from collections.abc import Mapping
from dataclasses import astuple
from math import inf
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.domain import Measures, Region, Review, Shape
from app.errors import NotFound
from app.store.exam_tables import ExamReviewTable
from app.store.records import ReviewRow
from app.store.results import image_of
from app.store.tables import ImageTable, ReviewTable, StudyTable, now


def in_force() -> ColumnElement[bool]:
    """Whether a verdict is the latest not withdrawn of its image × network version × method × finding × reader."""
    return _latest(ReviewTable, ("image_id",))


def stack_in_force() -> ColumnElement[bool]:
    """Whether a verdict is the latest not withdrawn of its stack × network version × method × finding × reader."""
    return _latest(ExamReviewTable, ("series_id", "stack"))


def _latest(table: Any, place: tuple[str, ...]) -> ColumnElement[bool]:
    later = aliased(table)
    same = (*place, "model", "model_sha256", "method", "finding", "reader")
    newer = exists().where(
        *(getattr(later, name) == getattr(table, name) for name in same),
        later.number > table.number,
        later.withdrawn_at.is_(None),
    )
    return and_(table.withdrawn_at.is_(None), ~newer)


def recount(session: Session, study_id: str) -> None:
    """Tell the worklist how many verdicts on a study, its images and its stacks, are in force."""
    films = select(func.count()).select_from(ReviewTable).where(ReviewTable.study_id == study_id, in_force())
    stacks = select(func.count()).select_from(ExamReviewTable).where(ExamReviewTable.study_id == study_id, stack_in_force())
    session.get_one(StudyTable, study_id).flags = (session.scalar(films) or 0) + (session.scalar(stacks) or 0)
    session.flush()


class Reviews:
    """The reviews of a transaction. In force is the latest one not withdrawn per image × network version × method × finding ×
    reader; withdrawing it puts the one before in force again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, review: Review, *, sent_as: str | None = None) -> ReviewRow:
        """Add a verdict about a stored image (found by SOP Instance UID and frame); NotFound.

        ``sent_as``: the sender's own name for it; `sent` finds it again, so that what is sent twice is kept once.
        """
        image = image_of(self._session, review.sop_instance_uid, review.frame)
        row = ReviewTable(
            study_id=image.study_id,
            image_id=image.id,
            model=review.model,
            model_sha256=review.model_sha256,
            method=review.method,
            finding=review.finding,
            verdict=review.verdict,
            reason=review.reason,
            comment=review.comment,
            region=review.region and shapes(review.region),
            measures=figures(review.measures) or None,
            token=sent_as,
            reader=review.reader,
            created_at=review.created_at,
        )
        self._session.add(row)
        self._session.flush()
        recount(self._session, image.study_id)
        return review_row(row, image)

    def sent(self, token: str) -> ReviewRow | None:
        """The verdict that came with this token, withdrawn or not."""
        row = self._session.scalar(select(ReviewTable).where(ReviewTable.token == token))
        return review_row(row, self._session.get_one(ImageTable, row.image_id)) if row else None

    def in_force(self, image_id: str, review: Review) -> ReviewRow | None:
        """The verdict in force on the same image × network version × method × finding by the same reader."""
        same = {name: getattr(review, name) for name in ("model", "model_sha256", "method", "finding", "reader")}
        row = self._session.scalar(select(ReviewTable).filter_by(image_id=image_id, **same).where(in_force()))
        return review_row(row, self._session.get_one(ImageTable, row.image_id)) if row else None

    def get(self, review_id: str) -> ReviewRow:
        """One verdict, withdrawn or not; NotFound."""
        row = self._get(review_id)
        return review_row(row, self._session.get_one(ImageTable, row.image_id))

    def _get(self, review_id: str) -> ReviewTable:
        row = self._session.scalar(select(ReviewTable).where(ReviewTable.id == review_id))
        if row is None:
            raise NotFound("There is no such verdict, or it was removed.")
        return row

    def withdraw(self, review_id: str) -> ReviewRow:
        """Mark a verdict as taken back; once more changes nothing. NotFound."""
        row = self._get(review_id)
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        recount(self._session, row.study_id)
        return self.get(review_id)

    def of_study(self, study_id: str) -> tuple[ReviewRow, ...]:
        """The verdicts in force about a study, oldest first."""
        query = (
            select(ReviewTable, ImageTable)
            .join(ImageTable, ImageTable.id == ReviewTable.image_id)
            .where(ReviewTable.study_id == study_id, in_force())
            .order_by(ReviewTable.number)
        )
        return tuple(review_row(row, image) for row, image in self._session.execute(query))


def review_row(row: ReviewTable, image: ImageTable) -> ReviewRow:
    """A stored verdict from its row and its image's."""
    review = Review(
        sop_instance_uid=image.sop_instance_uid,
        frame=image.frame,
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        verdict=cast(Any, row.verdict),
        reason=row.reason,
        comment=row.comment,
        region=region_of(row.region) if row.region else None,
        reader=row.reader,
        created_at=row.created_at,
        measures=measures_of(row.measures or {}),
    )
    return ReviewRow(id=row.id, study_id=row.study_id, image_id=row.image_id, review=review, withdrawn_at=row.withdrawn_at)


def shapes(region: Region) -> list[Any]:
    """A region as the table has it: [[kind, [[x, y], …]], …]."""
    return [[shape.kind, [list(point) for point in shape.points]] for shape in region.shapes]


def region_of(stored: list[Any]) -> Region:
    """A region from what the table has."""
    return Region(tuple(Shape(kind, tuple((float(x), float(y)) for x, y in points)) for kind, points in stored))


def figures(measures: Mapping[str, Measures]) -> dict[str, Any]:
    """Measures as the table has them. JSON knows no infinity, so that is a word."""
    return {method: ["inf" if value == inf else value for value in astuple(measured)] for method, measured in measures.items()}


def measures_of(stored: Mapping[str, list[Any]]) -> dict[str, Measures]:
    """Measures from what the table has."""
    return {method: Measures(*(inf if value == "inf" else value for value in four)) for method, four in stored.items()}
