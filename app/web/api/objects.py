"""What the API's objects are made of: values, scores, rectangles, shapes. Each noun's own objects stand with its routes."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain import Evidence, Extent, OperatingPoint, Patient, Region, Score
from app.web import regions

Translate = Callable[..., str]


class Frozen(BaseModel):
    """Every object of the API is a value."""

    model_config = ConfigDict(frozen=True)


class PatientOut(Frozen):
    """The patient as the header has it; the empty string where it says nothing."""

    name: str = Field(description="Patient's Name (0010,0010).")
    id: str = Field(description="Patient ID (0010,0020).")
    birth_date: str = Field(description="Patient's Birth Date (0010,0030), as 1970-01-02.")
    sex: str = Field(description="Patient's Sex (0010,0040).")

    @classmethod
    def of(cls, told: Patient) -> "PatientOut":
        """From the domain's."""
        return cls(name=told.name, id=told.id, birth_date=told.birth_date, sex=told.sex)


class ShareOut(Frozen):
    """How much of a map's positive evidence lies in a region of the film, beside the region's share of the map's area."""

    region: str = Field(description="The region; the last two, markers and outside the finding's mask, lie across the others.")
    share: float = Field(description="Of the evidence, 0 to 1.")
    area: float = Field(description="Of the area, 0 to 1.")
    ratio: float | None = Field(description="The one divided by the other; null on no area.")


class EvidenceOut(Frozen):
    """Where a map's evidence lies."""

    regions: tuple[ShareOut, ...] = Field(description="The regions; none where the map has no positive evidence.")
    odd: str = Field(
        description="The region in which so much lies that a reader should know; empty where none does, or its finding is not "
        "called."
    )

    @classmethod
    def of(cls, told: Evidence | None) -> "EvidenceOut | None":
        """From the domain's; None where nobody told."""
        if told is None:
            return None
        rows = (
            ShareOut(region=row.region, share=row.share, area=row.area, ratio=row.ratio if math.isfinite(row.ratio) else None)
            for row in told.shares
        )
        return cls(regions=tuple(rows), odd=told.odd)


class ScoreOut(Frozen):
    """What a network said of one finding."""

    finding: str = Field(description="The finding by its paper's name.")
    probability: float = Field(description="The calibrated probability, 0 to 1.")
    logit: float = Field(description="The network's raw output.")


class CalledOut(ScoreOut):
    """What a network said of one finding, and whether that calls it: probability and call are two things."""

    called: bool = Field(description="Whether the probability reaches the operating point.")
    point: float = Field(description="The operating point: the finding is called from this probability on.")
    card_point: float | None = Field(description="The point by the network's card; null where it has none: then 0.5.")
    point_by: Literal["card", "reader", ""] = Field(description="Who says where the point is; empty: nobody, it is 0.5.")


def scores(told: Iterable[Score]) -> tuple[ScoreOut, ...]:
    """Scores, in their order."""
    return tuple(ScoreOut(finding=one.finding, probability=one.probability, logit=one.logit) for one in told)


def called(told: Iterable[Score], points: Callable[[str], OperatingPoint]) -> tuple[CalledOut, ...]:
    """Scores, in their order, with what comes of them by the point of each finding."""
    return tuple(
        CalledOut(
            finding=one.finding,
            probability=one.probability,
            logit=one.logit,
            called=point.calls(one.probability),
            point=point.at,
            card_point=point.card,
            point_by=point.by,
        )
        for one in told
        for point in (points(one.finding),)
    )


class ExtentOut(Frozen):
    """A rectangle in image pixels: pixel (r, c) covers [c, c+1) × [r, r+1)."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of(cls, told: Extent) -> "ExtentOut":
        """From the domain's."""
        return cls(left=told.left, top=told.top, right=told.right, bottom=told.bottom)


class ShapeOut(Frozen):
    """A shape in image pixels, to the hundredth."""

    kind: str = Field(description="Rectangle, ellipse, polygon or freehand.")
    points: tuple[tuple[float, float], ...] = Field(description="(x, y): columns from the left, rows from the top.")


def shapes(region: Region) -> tuple[ShapeOut, ...]:
    """The shapes of a region."""
    found = regions.data(region)
    return tuple(ShapeOut(kind=shape.kind, points=shape.points) for shape in found.shapes) if found else ()
