"""Drawn regions and their measures at the web's edge: as they come in, and as they go out.

A region comes as shapes, or in short as one rectangle. It goes out with both: its shapes, and the rectangle around them.
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.domain import Measures, Region, Shape, ShapeKind
from app.errors import InputError
from app.evaluation import truth
from app.store import ImageRow

FAR = 1_000_000
"""No point of a shape lies farther from the film than this, in pixels."""

Coordinate = Annotated[float, Field(ge=-FAR, le=FAR)]


class Rectangle(BaseModel):
    """One rectangle in image pixels, columns ``left`` to ``right`` and rows ``top`` to ``bottom``."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    left: float
    top: float
    right: float
    bottom: float

    def region(self, image: ImageRow) -> Region:
        """As the domain knows it, cut to the image."""
        return Region.rectangle(
            min(max(self.left, 0.0), image.columns),
            min(max(self.top, 0.0), image.rows),
            min(max(self.right, 0.0), image.columns),
            min(max(self.bottom, 0.0), image.rows),
        )


class ShapeIn(BaseModel):
    """One shape: two opposite corners of a rectangle or of the box an ellipse fills, or three points and more."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    kind: ShapeKind = Field(description="Rectangle, ellipse, polygon or freehand.")
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        description="Points (x, y): columns from the left, rows from the top, in image pixels.", min_length=2, max_length=4000
    )


class Shapes(BaseModel):
    """A region of one shape or several: what lies in any of them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    shapes: tuple[ShapeIn, ...] = Field(description="The shapes.", min_length=1, max_length=64)

    def region(self, image: ImageRow) -> Region:
        """As the domain knows it: rectangles cut to the image, the others as they were drawn."""
        return Region(tuple(self._shape(shape, image) for shape in self.shapes))

    @staticmethod
    def _shape(given: ShapeIn, image: ImageRow) -> Shape:
        if given.kind in {"rectangle", "ellipse"} and len(given.points) != 2:
            raise InputError("A rectangle and an ellipse have two corners, a polygon and a line three points or more.")
        if given.kind in {"polygon", "freehand"} and len(given.points) < 3:
            raise InputError("A rectangle and an ellipse have two corners, a polygon and a line three points or more.")
        shape = Shape(given.kind, given.points)
        if given.kind != "rectangle":
            return shape
        edge = shape.bounds()
        cut = Rectangle(left=edge.left, top=edge.top, right=edge.right, bottom=edge.bottom).region(image)
        return cut.shapes[0]


RegionIn = Shapes | Rectangle


def within(given: RegionIn, image: ImageRow) -> Region:
    """The region on its image; InputError when nothing of a shape lies on the film, or it has no size."""
    region = given.region(image)
    for shape in region.shapes:
        edge = shape.bounds()
        off = edge.right <= 0 or edge.bottom <= 0 or edge.left >= image.columns or edge.top >= image.rows
        if off or edge.right <= edge.left or edge.bottom <= edge.top:
            raise InputError("The drawn region lies outside the film, or has no size.")
    return region


@dataclass(frozen=True, slots=True)
class ShapeData:
    """One shape, its points (x, y) in image pixels, to the hundredth."""

    kind: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RegionData:
    """A drawn region: its shapes, and the rectangle around them, in image pixels, to the hundredth."""

    left: float
    top: float
    right: float
    bottom: float
    shapes: tuple[ShapeData, ...]


@dataclass(frozen=True, slots=True)
class MeasureData:
    """How one map lies to the region; null where a figure is not defined, "inf" for a ratio without anything inside."""

    pointing: float | None
    iou: float | None
    outside_inside: float | Literal["inf"] | None
    mass: float | None


def data(region: Region | None) -> RegionData | None:
    """A region for the page and the API."""
    if region is None:
        return None
    edge = region.bounds()
    return RegionData(
        round(edge.left, 2),
        round(edge.top, 2),
        round(edge.right, 2),
        round(edge.bottom, 2),
        tuple(ShapeData(s.kind, tuple((round(x, 2), round(y, 2)) for x, y in s.points)) for s in region.shapes),
    )


def measured(measures: Measures) -> MeasureData:
    """Measures for the page and the API. JSON knows no infinity, so that is a word."""
    ratio = measures.outside_inside
    return MeasureData(measures.pointing, measures.iou, "inf" if ratio == inf else ratio, measures.mass)


def area(region: Region, rows: int, columns: int) -> int:
    """How many pixels of the film the region covers."""
    return int(np.count_nonzero(truth.mask(region, (rows, columns), (rows, columns))))
