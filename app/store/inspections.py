"""What the guards said of images: inspections, one per image and network."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain import Inspection
from app.errors import NotFound
from app.store.studies import READING, image_of
from app.store.tables import ImageTable, InspectionTable, SeriesTable, StudyTable, now

WORST = ("", "ok", "warned", "insisted", "refused")


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """A stored inspection; one per image × network."""

    id: str
    study_id: str
    image_id: str
    inspection: Inspection
    created_at: datetime


class Inspections:
    """The inspections of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, study_id: str, inspection: Inspection) -> InspectionRow:
        """Keep an inspection; one of the same image and network is replaced. NotFound when the image is not of this study.

        The worklist shows the worst of a study from now on.
        """
        image = image_of(self._session, inspection.sop_instance_uid, inspection.frame)
        study = self._session.get(StudyTable, study_id)
        if study is None or image.study_id != study_id:
            raise NotFound("There is no such study, or it was removed.")
        key = {"image_id": image.id, "model": inspection.model}
        row = self._session.scalar(select(InspectionTable).filter_by(**key))
        if row is None:
            row = InspectionTable(study_id=study_id, **key)
            self._session.add(row)
        row.guard, row.guard_sha256 = inspection.guard, inspection.guard_sha256
        row.verdict, row.reasons = inspection.verdict, list(inspection.reasons)
        row.film, row.distance, row.insisted = inspection.film, inspection.distance, inspection.insisted
        row.remarks, row.field = list(inspection.remarks), list(inspection.field or ())
        row.created_at = now()
        self._session.flush()
        study.caution = max((found.inspection.mark for found in self.of_study(study_id)), key=WORST.index)
        self._session.flush()
        return _row(row, image)

    def of_image(self, image_id: str) -> tuple[InspectionRow, ...]:
        """An image's inspections, by network."""
        return self._rows(_inspections().where(InspectionTable.image_id == image_id))

    def of_study(self, study_id: str) -> tuple[InspectionRow, ...]:
        """A study's inspections in the order of its images, by network within an image."""
        return self._rows(_inspections().where(InspectionTable.study_id == study_id))

    def _rows(self, query: "Select[InspectionTable, ImageTable]") -> tuple[InspectionRow, ...]:
        return tuple(_row(row, image) for row, image in self._session.execute(query))


def _inspections() -> "Select[InspectionTable, ImageTable]":
    return (
        select(InspectionTable, ImageTable)
        .join(ImageTable, ImageTable.id == InspectionTable.image_id)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .order_by(*READING, InspectionTable.model)
    )


def _row(row: InspectionTable, image: ImageTable) -> InspectionRow:
    inspection = Inspection(
        sop_instance_uid=image.sop_instance_uid,
        frame=image.frame,
        model=row.model,
        guard=row.guard,
        guard_sha256=row.guard_sha256,
        verdict=row.verdict,  # type: ignore[arg-type]  # written by `save` alone
        reasons=tuple(row.reasons),
        film=row.film,
        distance=row.distance,
        insisted=row.insisted,
        remarks=tuple(row.remarks),
        field=(row.field[0], row.field[1], row.field[2], row.field[3]) if row.field else None,
    )
    return InspectionRow(
        id=row.id, study_id=row.study_id, image_id=row.image_id, inspection=inspection, created_at=row.created_at
    )
