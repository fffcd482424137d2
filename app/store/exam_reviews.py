"""Readers' verdicts on stacks. As with `app.store.reviews`: they are only ever added; taking one back leaves a mark."""

from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.exam import ExamReview, StackKey
from app.store.exam_records import ExamReviewRow
from app.store.exam_tables import ExamReviewTable
from app.store.exams import series_of
from app.store.reviews import figures, measures_of, recount, region_of, shapes, stack_in_force
from app.store.tables import ImageTable, SeriesTable, StudyTable, now


class ExamReviews:
    """The verdicts on stacks of a transaction. In force is the latest one not withdrawn per stack × network version × method ×
    finding × reader; withdrawing it puts the one before in force again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, study_id: str, review: ExamReview, *, sent_as: str | None = None) -> ExamReviewRow:
        """Add a verdict about a stack of a stored study; NotFound, for slices that are not of the stack's series too.

        ``sent_as``: the sender's own name for it; `sent` finds it again, so that what is sent twice is kept once.
        """
        series = series_of(self._session, study_id, review.stack)
        slices = {review.shown, *(review.region or {})}
        mine = select(ImageTable.id).where(ImageTable.series_id == series.id, ImageTable.id.in_(slices))
        if set(self._session.scalars(mine)) != slices:
            raise NotFound("There is no such image, or it was removed.")
        row = ExamReviewTable(
            study_id=study_id,
            series_id=series.id,
            stack=review.stack.number,
            plane=review.plane,
            image_id=review.shown,
            model=review.model,
            model_sha256=review.model_sha256,
            method=review.method,
            finding=review.finding,
            verdict=review.verdict,
            reason=review.reason,
            comment=review.comment,
            region={image: shapes(region) for image, region in review.region.items()} if review.region else None,
            measures=figures(review.measures) or None,
            token=sent_as,
            reader=review.reader,
            created_at=review.created_at,
        )
        self._session.add(row)
        self._session.flush()
        recount(self._session, study_id)
        return self.get(row.id)

    def sent(self, token: str) -> ExamReviewRow | None:
        """The verdict that came with this token, withdrawn or not."""
        return self._one(ExamReviewTable.token == token)

    def in_force(self, study_id: str, review: ExamReview) -> ExamReviewRow | None:
        """The verdict in force on the same stack × network version × method × finding by the same reader."""
        same = {name: getattr(review, name) for name in ("model", "model_sha256", "method", "finding", "reader")}
        place = (SeriesTable.series_uid == review.stack.series_uid, ExamReviewTable.stack == review.stack.number)
        alike = (getattr(ExamReviewTable, name) == value for name, value in same.items())
        return self._one(ExamReviewTable.study_id == study_id, *place, *alike, stack_in_force())

    def get(self, review_id: str) -> ExamReviewRow:
        """One verdict, withdrawn or not; NotFound."""
        found = self._one(ExamReviewTable.id == review_id)
        if found is None:
            raise NotFound("There is no such verdict, or it was removed.")
        return found

    def _one(self, *conditions: Any) -> ExamReviewRow | None:
        row = self._session.execute(_reviews().where(*conditions)).first()
        return exam_review_row(*row) if row else None

    def withdraw(self, review_id: str) -> ExamReviewRow:
        """Mark a verdict as taken back; once more changes nothing. NotFound."""
        row = self._session.scalar(select(ExamReviewTable).where(ExamReviewTable.id == review_id))
        if row is None:
            raise NotFound("There is no such verdict, or it was removed.")
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        recount(self._session, row.study_id)
        return self.get(review_id)

    def of_study(self, study_id: str) -> tuple[ExamReviewRow, ...]:
        """The verdicts in force about a study's stacks, oldest first."""
        query = _reviews().where(ExamReviewTable.study_id == study_id, stack_in_force()).order_by(ExamReviewTable.number)
        return tuple(exam_review_row(*row) for row in self._session.execute(query))


def _reviews() -> "Select[ExamReviewTable, str, str]":
    return (
        select(ExamReviewTable, SeriesTable.series_uid, StudyTable.study_uid)
        .join(SeriesTable, SeriesTable.id == ExamReviewTable.series_id)
        .join(StudyTable, StudyTable.id == ExamReviewTable.study_id)
    )


def exam_review_row(row: ExamReviewTable, series_uid: str, study_uid: str) -> ExamReviewRow:
    """A stored verdict from its row and what its series and study are called."""
    review = ExamReview(
        study_uid=study_uid,
        stack=StackKey(series_uid, row.stack),
        plane=cast(Any, row.plane),
        shown=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        verdict=cast(Any, row.verdict),
        reason=row.reason,
        comment=row.comment,
        region={image: region_of(stored) for image, stored in row.region.items()} if row.region else None,
        reader=row.reader,
        created_at=row.created_at,
        measures=measures_of(row.measures or {}),
    )
    return ExamReviewRow(
        id=row.id, study_id=row.study_id, series_id=row.series_id, review=review, withdrawn_at=row.withdrawn_at
    )
