"""Measures: what readers measured on films. The last word on each counts; one that was removed leaves its row, marked."""

from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import Measure
from app.errors import Conflict, NotFound
from app.store.records import MeasureRow
from app.store.results import image_of
from app.store.tables import ImageTable, MeasureTable, now


class Measures:
    """The measures of a transaction. Ids come from whoever draws, so that sending one twice stores it once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, measure_id: str, measure: Measure) -> MeasureRow:
        """Store a measure of a stored image, or what became of it; one that was removed is back then.

        NotFound for an image that is not stored; Conflict where the id stands for a measure of another image or reader.
        """
        image = image_of(self._session, measure.sop_instance_uid, measure.frame)
        row = self._session.get(MeasureTable, measure_id)
        if row is None:
            row = MeasureTable(
                id=measure_id,
                study_id=image.study_id,
                image_id=image.id,
                reader=measure.reader,
                created_at=measure.created_at,
            )
            self._session.add(row)
        elif (row.image_id, row.reader) != (image.id, measure.reader):
            raise Conflict("This measure belongs to another image or another reader.")
        row.kind, row.points = measure.kind, [list(point) for point in measure.points]
        row.changed_at, row.withdrawn_at = now(), None
        self._session.flush()
        return _row(row, image)

    def get(self, measure_id: str) -> MeasureRow:
        """One measure, removed or not; NotFound."""
        row = self._get(measure_id)
        return _row(row, self._session.get_one(ImageTable, row.image_id))

    def withdraw(self, measure_id: str) -> MeasureRow:
        """Mark a measure as removed; once more changes nothing. NotFound."""
        row = self._get(measure_id)
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        return self.get(measure_id)

    def _get(self, measure_id: str) -> MeasureTable:
        row = self._session.get(MeasureTable, measure_id)
        if row is None:
            raise NotFound("There is no such measure.")
        return row

    def of_study(self, study_id: str) -> tuple[MeasureRow, ...]:
        """The measures of a study that were not removed, in the order in which they were drawn."""
        query = (
            select(MeasureTable, ImageTable)
            .join(ImageTable, ImageTable.id == MeasureTable.image_id)
            .where(MeasureTable.study_id == study_id, MeasureTable.withdrawn_at.is_(None))
            .order_by(MeasureTable.created_at, MeasureTable.id)
        )
        return tuple(_row(row, image) for row, image in self._session.execute(query))


def _row(row: MeasureTable, image: ImageTable) -> MeasureRow:
    measure = Measure(
        sop_instance_uid=image.sop_instance_uid,
        frame=image.frame,
        kind=cast(Any, row.kind),
        points=tuple((x, y) for x, y in row.points),
        reader=row.reader,
        created_at=row.created_at,
    )
    return MeasureRow(row.id, row.study_id, row.image_id, measure, row.changed_at, row.withdrawn_at)
