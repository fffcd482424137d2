"""Drawn regions and their measures at the web's edge: as they come in, and as they go out.

A region comes as shapes, or in short as one rectangle. It goes out with both: its shapes, and the rectangle around them.
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.domain import Localisation, Region, Shape, ShapeKind
from app.errors import InputError
from app.evaluation import truth

MOST_SLICES = 512
"""On how many slices of a stack a region may lie."""
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

    def region(self) -> Region:
        """As the domain knows it."""
        return Region.rectangle(self.left, self.top, self.right, self.bottom)


class ShapeIn(BaseModel):
    """One shape: two opposite corners of a rectangle or of the box an ellipse fills, or three points and more."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    kind: ShapeKind = Field(description="Rectangle, ellipse, polygon or freehand.")
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        description="Points (x, y): columns from the left, rows from the top, in image pixels.", min_length=2, max_length=4000
    )


ShapesIn = Annotated[tuple[ShapeIn, ...], Field(min_length=1, max_length=64)]


class Shapes(BaseModel):
    """A region of one shape or several: what lies in any of them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    shapes: ShapesIn = Field(description="The shapes.")

    def region(self) -> Region:
        """As the domain knows it. InputError for a shape with too few or too many points."""
        return drawn(self.shapes)


OnFilm = Shapes | Rectangle
BySlice = Annotated[dict[Annotated[str, Field(max_length=64)], ShapesIn], Field(max_length=MOST_SLICES)]
"""A region on several slices: shapes by the id of the slice's image."""
RegionIn = Annotated[Shapes | Rectangle | BySlice, Field(union_mode="left_to_right")]
"""A region as it comes in: of a film, or of the slices of a stack."""


def drawn(shapes: tuple[ShapeIn, ...]) -> Region:
    """Shapes as the domain knows them. InputError for one with too few or too many points."""
    for shape in shapes:
        box = shape.kind in {"rectangle", "ellipse"}
        if (len(shape.points) != 2) if box else (len(shape.points) < 3):
            raise InputError("A rectangle and an ellipse have two corners, a polygon and a line three points or more.")
    return Region(tuple(Shape(shape.kind, shape.points) for shape in shapes))


def by_image(given: "Shapes | Rectangle | dict[str, tuple[ShapeIn, ...]] | None", image: str) -> dict[str, Region]:
    """A region by the ids of its images; one that names none lies on ``image``."""
    if given is None:
        return {}
    if isinstance(given, dict):
        return {name: drawn(shapes) for name, shapes in given.items()}
    return {image: given.region()}


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
class LocalisationData:
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


def localised(figures: Localisation) -> LocalisationData:
    """Figures for the page and the API. JSON knows no infinity, so that is a word."""
    ratio = figures.outside_inside
    return LocalisationData(figures.pointing, figures.iou, "inf" if ratio == inf else ratio, figures.mass)


def area(region: Region, rows: int, columns: int) -> int:
    """How many pixels of the film the region covers."""
    return int(np.count_nonzero(truth.mask(region, (rows, columns), (rows, columns))))
