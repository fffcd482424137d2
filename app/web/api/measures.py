"""Measures: keep, list, remove. The case page speaks to the same addresses as scripts do."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from app.domain import Image, Measure, MeasureKind
from app.errors import InputError, NotFound
from app.evaluation.measures import Measured, measured
from app.store import MeasureRow, Transaction
from app.web import pages, reviews
from app.web.api.schemas import NOT_FOUND, Frozen

router = APIRouter(responses=NOT_FOUND)

POINTS: Mapping[str, int] = {"length": 2, "angle": 3, "rectangle": 2, "ellipse": 2}
"""How many points a kind has."""
MOST = 500
"""How many measures a study may have: more is a program that went wrong."""

MeasureId = Annotated[str, Path(pattern="^[a-z2-7]{12}$", description="Twelve random characters, a–z and 2–7, of your choice.")]
Point = tuple[float, float]


class MeasureIn(BaseModel):
    """A measure to keep."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    image: str = Field(description="The image.", max_length=64)
    kind: MeasureKind = Field(description="What is measured.")
    points: tuple[Point, ...] = Field(
        description="(x, y) in image pixels: the ends of a length; end, vertex and end of an angle; two opposite corners.",
        min_length=2,
        max_length=3,
    )


class MeasureOut(Frozen):
    """A kept measure with its figures; those that its kind does not have are null."""

    id: str = Field(description="The measure's id.")
    image: str = Field(description="The image.")
    kind: MeasureKind = Field(description="What is measured.")
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
    def of(cls, row: MeasureRow, image: Image, figures: Measured) -> "MeasureOut":
        """From the store's row, its image, and the figures."""
        told = row.measure
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


@router.get("/studies/{study_id}/measures", summary="List measures")
def listed(request: Request, study_id: str) -> list[MeasureOut]:
    """The measures on a study's images, the oldest first, with what they amount to."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        return whole(tx, tx.measures.of_study(study_id))


@router.put("/studies/{study_id}/measures/{measure_id}", summary="Keep a measure")
def keep(request: Request, study_id: str, measure_id: MeasureId, asked: MeasureIn) -> MeasureOut:
    """Keep a measure, or change it. Sent twice, it is stored once; sent after it was removed, it is back.

    409 where the id stands for a measure of another image or reader; 422 for points that make no measure.
    """
    if len(asked.points) != POINTS[asked.kind]:
        raise InputError("A measure of this kind has %(n)s points.", {"n": POINTS[asked.kind]})
    with pages.of(request).store.begin() as tx:
        image = reviews.image_of(tx, study_id, asked.image)
        if not all(0 <= x <= image.columns and 0 <= y <= image.rows for x, y in asked.points):
            raise InputError("A measure lies within its film.")
        if any(first == second for first, second in zip(asked.points, asked.points[1:], strict=False)):
            raise InputError("A measure’s points lie apart from each other.")
        if len(tx.measures.of_study(study_id)) >= MOST:
            raise InputError("This study has %(n)s measures already; remove some first.", {"n": MOST})
        row = tx.measures.keep(
            measure_id,
            Measure(image.sop_instance_uid, image.frame, asked.kind, asked.points, reviews.READER, datetime.now(UTC)),
        )
    with pages.of(request).store.view() as tx:
        return whole(tx, (row,))[0]


@router.delete("/studies/{study_id}/measures/{measure_id}", summary="Remove a measure")
def withdraw(request: Request, study_id: str, measure_id: MeasureId) -> MeasureOut:
    """It stays stored, marked as removed."""
    with pages.of(request).store.begin() as tx:
        row = tx.measures.withdraw(measure_id)
        if row.study_id != study_id:
            raise NotFound("There is no such measure.")
        return whole(tx, (row,))[0]


def whole(tx: Transaction, rows: tuple[MeasureRow, ...]) -> list[MeasureOut]:
    """Measures with their figures; each image is read once."""
    images = {row.image_id: tx.studies.load_image(row.image_id) for row in rows}
    return [
        MeasureOut.of(row, images[row.image_id], measured(row.measure.kind, row.measure.points, images[row.image_id]))
        for row in rows
    ]
