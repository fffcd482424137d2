"""Reviews: readers' verdicts on layers. They are only ever added; taking one back leaves a mark."""

from collections.abc import Mapping
from dataclasses import astuple
from math import inf
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased, contains_eager

from app.domain import Localisation, Region, Review, Shape
from app.errors import NotFound
from app.store.parties import reader
from app.store.records import ReviewRow
from app.store.tables import LayerTable, ReaderTable, ReviewTable, StackImageTable, StudyTable, now


def in_force() -> ColumnElement[bool]:
    """Whether a verdict is its reader's latest one on its layer that was not withdrawn."""
    later = aliased(ReviewTable)
    newer = exists().where(
        later.layer_id == ReviewTable.layer_id,
        later.reader_id == ReviewTable.reader_id,
        later.number > ReviewTable.number,
        later.withdrawn_at.is_(None),
    )
    return and_(ReviewTable.withdrawn_at.is_(None), ~newer)


def recount(session: Session, study_id: str) -> None:
    """Tell the worklist how many verdicts on a study are in force."""
    counted = select(func.count()).select_from(ReviewTable).where(ReviewTable.study_id == study_id, in_force())
    session.get_one(StudyTable, study_id).flags = session.scalar(counted) or 0
    session.flush()


class Reviews:
    """The reviews of a transaction. In force is a reader's latest one on a layer that was not withdrawn; withdrawing it puts
    the one before in force again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, layer_id: str, review: Review, *, sent_as: str | None = None) -> ReviewRow:
        """Add a verdict about a layer; NotFound, for places that its stack does not have too.

        ``sent_as``: the sender's own name for it; `sent` finds it again, so that what is sent twice is kept once.
        """
        layer = self._session.get(LayerTable, layer_id)
        if layer is None:
            raise NotFound("There is no such explanation, or it was removed.")
        slices = select(StackImageTable.place, StackImageTable.image_id).where(StackImageTable.stack_id == layer.stack_id)
        images = dict(self._session.execute(slices).all())
        if not {review.shown, *review.regions} <= set(images):
            raise NotFound("The stack has no such slice.")
        row = ReviewTable(
            study_id=layer.study_id,
            layer_id=layer_id,
            image_id=images[review.shown],
            shown=review.shown,
            verdict=review.verdict,
            reason=review.reason,
            comment=review.comment,
            regions={str(place): shapes(region) for place, region in review.regions.items()} or None,
            localisations=figures(review.localisations) or None,
            token=sent_as,
            reader_id=reader(self._session, review.reader).id,
            created_at=review.created_at,
        )
        self._session.add(row)
        self._session.flush()
        recount(self._session, layer.study_id)
        return self.get(row.id)

    def sent(self, token: str) -> ReviewRow | None:
        """The verdict that came with this token, withdrawn or not."""
        return self._one(ReviewTable.token == token)

    def in_force(self, layer_id: str, name: str) -> ReviewRow | None:
        """The verdict in force on a layer by the reader of this name."""
        return self._one(ReviewTable.layer_id == layer_id, ReaderTable.name == name, in_force())

    def get(self, review_id: str) -> ReviewRow:
        """One verdict, withdrawn or not; NotFound."""
        found = self._one(ReviewTable.id == review_id)
        if found is None:
            raise NotFound("There is no such verdict, or it was removed.")
        return found

    def _one(self, *conditions: Any) -> ReviewRow | None:
        row = self._session.scalar(rows().where(*conditions).execution_options(populate_existing=True))
        return review_row(row) if row else None

    def withdraw(self, review_id: str) -> ReviewRow:
        """Mark a verdict as taken back; once more changes nothing. NotFound."""
        row = self._session.scalar(select(ReviewTable).where(ReviewTable.id == review_id))
        if row is None:
            raise NotFound("There is no such verdict, or it was removed.")
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        recount(self._session, row.study_id)
        return self.get(review_id)

    def of_study(self, study_id: str) -> tuple[ReviewRow, ...]:
        """The verdicts in force about a study, oldest first."""
        query = rows().where(ReviewTable.study_id == study_id, in_force()).order_by(ReviewTable.number)
        return tuple(map(review_row, self._session.scalars(query)))


def rows() -> "Select[ReviewTable]":
    """Verdicts with their layers, networks and readers."""
    return (
        select(ReviewTable)
        .join(ReviewTable.layer)
        .join(LayerTable.network)
        .join(ReviewTable.reader)
        .options(
            contains_eager(ReviewTable.layer).contains_eager(LayerTable.network),
            contains_eager(ReviewTable.reader),
        )
    )


def review_row(row: ReviewTable) -> ReviewRow:
    """A stored verdict from its row, with its layer and reader loaded."""
    review = Review(
        verdict=cast(Any, row.verdict),
        reason=row.reason,
        comment=row.comment,
        regions={int(place): region_of(stored) for place, stored in (row.regions or {}).items()},
        reader=row.reader.name,
        created_at=row.created_at,
        shown=row.shown,
        localisations=localisations_of(row.localisations or {}),
    )
    return ReviewRow(
        id=row.id,
        study_id=row.study_id,
        layer_id=row.layer_id,
        stack_id=row.layer.stack_id,
        image_id=row.image_id,
        kind=cast(Any, row.layer.kind),
        model=row.layer.network.name,
        model_sha256=row.layer.network.sha256,
        method=row.layer.method,
        finding=row.layer.finding,
        review=review,
        doubtful=row.doubtful,
        gone=row.layer.values is None,
        imported=row.layer.producer == "import",
        withdrawn_at=row.withdrawn_at,
    )


def shapes(region: Region) -> list[Any]:
    """A region as the table has it: [[kind, [[x, y], …]], …]."""
    return [[shape.kind, [list(point) for point in shape.points]] for shape in region.shapes]


def region_of(stored: list[Any]) -> Region:
    """A region from what the table has."""
    return Region(tuple(Shape(kind, tuple((float(x), float(y)) for x, y in points)) for kind, points in stored))


def figures(localisations: Mapping[str, Localisation]) -> dict[str, Any]:
    """Figures as the table has them. JSON knows no infinity, so that is a word."""
    return {method: ["inf" if value == inf else value for value in astuple(four)] for method, four in localisations.items()}


def localisations_of(stored: Mapping[str, list[Any]]) -> dict[str, Localisation]:
    """Figures from what the table has."""
    return {method: Localisation(*(inf if value == "inf" else value for value in four)) for method, four in stored.items()}
