"""Annotations: rulers that readers lay on images. The last word on each counts; one that was removed leaves its row, marked."""

from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from app.domain import Annotation
from app.errors import Conflict, NotFound
from app.store.parties import reader
from app.store.records import AnnotationRow
from app.store.studies import image_of
from app.store.tables import AnnotationTable, ImageTable, now


class Annotations:
    """The annotations of a transaction. Ids come from whoever draws, so that sending one twice stores it once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, annotation_id: str, annotation: Annotation) -> AnnotationRow:
        """Store an annotation of a stored image, or what became of it; one that was removed is back then.

        NotFound for an image that is not stored; Conflict where the id stands for one of another image or reader.
        """
        image = image_of(self._session, annotation.sop_instance_uid, annotation.frame)
        party = reader(self._session, annotation.reader)
        row = self._session.get(AnnotationTable, annotation_id)
        if row is None:
            row = AnnotationTable(
                id=annotation_id,
                study_id=image.study_id,
                image_id=image.id,
                reader_id=party.id,
                created_at=annotation.created_at,
            )
            self._session.add(row)
        elif (row.image_id, row.reader_id) != (image.id, party.id):
            raise Conflict("This measure belongs to another image or another reader.")
        row.kind, row.points = annotation.kind, [list(point) for point in annotation.points]
        row.changed_at, row.withdrawn_at = now(), None
        self._session.flush()
        return self.get(annotation_id)

    def get(self, annotation_id: str) -> AnnotationRow:
        """One annotation, removed or not; NotFound."""
        found = self._session.execute(
            _annotations().where(AnnotationTable.id == annotation_id).execution_options(populate_existing=True)
        ).first()
        if found is None:
            raise NotFound("There is no such measure.")
        return _row(*found)

    def withdraw(self, annotation_id: str) -> AnnotationRow:
        """Mark an annotation as removed; once more changes nothing. NotFound."""
        row = self._session.get(AnnotationTable, annotation_id)
        if row is None:
            raise NotFound("There is no such measure.")
        row.withdrawn_at = row.withdrawn_at or now()
        self._session.flush()
        return self.get(annotation_id)

    def of_study(self, study_id: str) -> tuple[AnnotationRow, ...]:
        """The annotations of a study that were not removed, in the order in which they were drawn."""
        mine = (AnnotationTable.study_id == study_id, AnnotationTable.withdrawn_at.is_(None))
        query = _annotations().where(*mine).order_by(AnnotationTable.created_at, AnnotationTable.id)
        return tuple(_row(row, image) for row, image in self._session.execute(query))


def _annotations() -> "Select[AnnotationTable, ImageTable]":
    return (
        select(AnnotationTable, ImageTable)
        .join(ImageTable, ImageTable.id == AnnotationTable.image_id)
        .join(AnnotationTable.reader)
        .options(contains_eager(AnnotationTable.reader))
    )


def _row(row: AnnotationTable, image: ImageTable) -> AnnotationRow:
    annotation = Annotation(
        sop_instance_uid=image.sop_instance_uid,
        frame=image.frame,
        kind=cast(Any, row.kind),
        points=tuple((x, y) for x, y in row.points),
        reader=row.reader.name,
        created_at=row.created_at,
    )
    return AnnotationRow(row.id, row.study_id, row.image_id, annotation, row.changed_at, row.withdrawn_at)
