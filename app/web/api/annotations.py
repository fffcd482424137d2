"""Annotations for scripts: rulers and areas on images, kept, listed, removed. The pages speak to the same addresses."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk.what_if import image_of
from app.domain import Annotation, AnnotationKind, Image
from app.errors import InputError, NotFound
from app.evaluation.annotations import Measured, measured
from app.store import AnnotationRow, Transaction
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT, STORED

router = APIRouter(tags=["annotations"], responses=NAMED)

POINTS: Mapping[str, int] = {"length": 2, "angle": 3, "rectangle": 2, "ellipse": 2}
"""How many points a kind has."""
MOST = 500
"""How many annotations a study may have: more is a program that went wrong."""

AnnotationId = Annotated[
    str, Path(pattern="^[a-z2-7]{12}$", description="Twelve random characters, a–z and 2–7, of your choice.")
]
Point = tuple[float, float]


class AnnotationIn(BaseModel):
    """An annotation to keep."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    image: str = Field(description="The image.", max_length=64)
    kind: AnnotationKind = Field(description="What is measured.")
    points: tuple[Point, ...] = Field(
        description="(x, y) in image pixels: the ends of a length; end, vertex and end of an angle; two opposite corners.",
        min_length=2,
        max_length=3,
    )


class AnnotationOut(Frozen):
    """A kept annotation with its figures; those that its kind does not have are null."""

    id: str = Field(description="The annotation's id.")
    image: str = Field(description="The image.")
    kind: AnnotationKind = Field(description="What is measured.")
    points: tuple[Point, ...] = Field(description="(x, y) in image pixels.")
    unit: str = Field(description="Of the length, and squared of the area: mm where the image has a spacing, else px.")
    spacing: str = Field(description="What lengths in mm are worth: calibrated; at detector, uncalibrated; unknown.")
    length: float | None = Field(description="In the unit.")
    angle: float | None = Field(description="In degrees, 0 to 180.")
    area: float | None = Field(description="In the unit's square.")
    pixels: int | None = Field(description="How many pixels have their centre inside.")
    mean: float | None = Field(description="Of their grey values, in grey_units.")
    sd: float | None = Field(description="Their standard deviation, dividing by their number.")
    least: float | None = Field(description="The smallest grey value.")
    most: float | None = Field(description="The largest grey value.")
    grey_units: str = Field(description="Rescale Type (0028,1054), or empty.")
    reader: str = Field(description="Who measured.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: AnnotationRow, image: Image, figures: Measured) -> "AnnotationOut":
        """From the store's row, its image, and the figures."""
        told = row.annotation
        unit, length, angle, area, pixels, mean, sd, least, most = astuple(figures)
        return cls(
            id=row.id,
            image=row.image_id,
            kind=told.kind,
            points=told.points,
            unit=unit,
            spacing=image.spacing_kind,
            length=length,
            angle=angle,
            area=area,
            pixels=pixels,
            mean=mean,
            sd=sd,
            least=least,
            most=most,
            grey_units=image.units,
            reader=told.reader,
            created_at=told.created_at,
        )


@router.get("/studies/{study_id}/annotations", responses=HEADERS, summary="List annotations")
def list_annotations(request: Request, response: Response, study_id: str, paging: Whole) -> list[AnnotationOut]:
    """The annotations on a study's images, the oldest first, with what they amount to."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        return whole(tx, tuple(paging.cut(response, tx.annotations.of_study(study_id))))


@router.put("/studies/{study_id}/annotations/{annotation_id}", responses=SENT | STORED, summary="Keep an annotation")
def keep_annotation(request: Request, study_id: str, annotation_id: AnnotationId, asked: AnnotationIn) -> AnnotationOut:
    """Keep an annotation, or change it. Sent twice, it is stored once; sent after it was removed, it is back.

    409 where the id stands for an annotation of another image or reader; 422 for points that make none.
    """
    if len(asked.points) != POINTS[asked.kind]:
        raise InputError("A measure of this kind has %(n)s points.", {"n": POINTS[asked.kind]})
    reader = pages.reader(request)
    with pages.of(request).store.begin() as tx:
        image = image_of(tx, study_id, asked.image)
        if not all(0 <= x <= image.columns and 0 <= y <= image.rows for x, y in asked.points):
            raise InputError("A measure lies within its film.")
        if any(first == second for first, second in zip(asked.points, asked.points[1:], strict=False)):
            raise InputError("A measure’s points lie apart from each other.")
        known = {row.id for row in tx.annotations.of_study(study_id)}
        if len(known) >= MOST and annotation_id not in known:
            raise InputError("This study has %(n)s measures already; remove some first.", {"n": MOST})
        row = tx.annotations.keep(
            annotation_id,
            Annotation(image.sop_instance_uid, image.frame, asked.kind, asked.points, reader, datetime.now(UTC)),
        )
    with pages.of(request).store.view() as tx:
        return whole(tx, (row,))[0]


@router.delete("/studies/{study_id}/annotations/{annotation_id}", summary="Remove an annotation")
def withdraw_annotation(request: Request, study_id: str, annotation_id: AnnotationId) -> AnnotationOut:
    """It stays stored, marked as removed."""
    with pages.of(request).store.begin() as tx:
        row = tx.annotations.withdraw(annotation_id)
        if row.study_id != study_id:
            raise NotFound("There is no such measure.")
        return whole(tx, (row,))[0]


@router.get("/studies/{study_id}/measures", deprecated=True, responses=HEADERS, summary="List measures")
def list_measures(request: Request, response: Response, study_id: str, paging: Whole) -> list[AnnotationOut]:
    """The annotations, under the address that they had before."""
    return list_annotations(request, response, study_id, paging)


@router.put("/studies/{study_id}/measures/{measure_id}", deprecated=True, responses=SENT | STORED, summary="Keep a measure")
def keep_measure(request: Request, study_id: str, measure_id: AnnotationId, asked: AnnotationIn) -> AnnotationOut:
    """As for an annotation."""
    return keep_annotation(request, study_id, measure_id, asked)


@router.delete("/studies/{study_id}/measures/{measure_id}", deprecated=True, summary="Remove a measure")
def withdraw_measure(request: Request, study_id: str, measure_id: AnnotationId) -> AnnotationOut:
    """As for an annotation."""
    return withdraw_annotation(request, study_id, measure_id)


def whole(tx: Transaction, rows: tuple[AnnotationRow, ...]) -> list[AnnotationOut]:
    """Annotations with their figures; each image is read once."""
    images = {image: tx.studies.load_image(image) for image in {row.image_id for row in rows}}
    return [
        AnnotationOut.of(row, image, measured(row.annotation.kind, row.annotation.points, image))
        for row in rows
        for image in [images[row.image_id]]
    ]
