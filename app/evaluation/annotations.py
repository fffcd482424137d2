"""What a reader's annotation amounts to: length, angle, and the grey values inside a rectangle or an ellipse.

The case page does the same arithmetic (static/js/measuring.js); the report and the API get it from here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import AnnotationKind, Image

Points = tuple[tuple[float, float], ...]
Stored = NDArray[np.int16] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Measured:
    """An annotation's figures. ``unit`` is "mm" where the image has a spacing, else "px"; areas are in its square.

    ``length`` in ``unit``; ``angle`` in degrees, 0 to 180; ``area`` of the shape; ``mean``, ``sd``, ``least`` and ``most`` in
    the image's grey units over the ``pixels`` whose centre lies inside, ``sd`` dividing by their number. None where the kind
    has no such figure, or where no pixel lies inside.
    """

    unit: str
    length: float | None = None
    angle: float | None = None
    area: float | None = None
    pixels: int | None = None
    mean: float | None = None
    sd: float | None = None
    least: float | None = None
    most: float | None = None


def measured(kind: AnnotationKind, points: Points, image: Image) -> Measured:
    """The figures of an annotation on an image; ``points`` are (x, y) in image pixels as in `app.domain.Annotation`."""
    down, across = image.pixel_spacing or (image.aspect, 1.0)
    unit = "mm" if image.pixel_spacing else "px"
    at = [(x * across, y * down) for x, y in points]
    if kind == "length":
        return Measured(unit, length=math.dist(at[0], at[1]))
    if kind == "angle":
        return Measured(unit, angle=_angle(*at))
    area = abs(at[1][0] - at[0][0]) * abs(at[1][1] - at[0][1])
    values = inside(kind, points, image.stored)
    grey = Measured(unit, area=area * math.pi / 4 if kind == "ellipse" else area, pixels=values.size)
    if not values.size:
        return grey
    ends = sorted(float(end) * image.slope + image.intercept for end in (values.min(), values.max()))
    return Measured(
        unit,
        area=grey.area,
        pixels=values.size,
        mean=float(values.mean()) * image.slope + image.intercept,
        sd=float(values.std()) * abs(image.slope),
        least=ends[0],
        most=ends[1],
    )


def inside(kind: AnnotationKind, points: Points, stored: Stored) -> NDArray[np.float64]:
    """The stored values whose pixel centre lies inside a rectangle or an ellipse, float64 (n,)."""
    (xa, ya), (xb, yb) = points
    left, right, top, bottom = min(xa, xb), max(xa, xb), min(ya, yb), max(ya, yb)
    rows, columns = stored.shape
    y = np.arange(max(0, math.ceil(top - 0.5)), min(rows - 1, math.floor(bottom - 0.5)) + 1)
    x = np.arange(max(0, math.ceil(left - 0.5)), min(columns - 1, math.floor(right - 0.5)) + 1)
    if not x.size or not y.size:
        return np.zeros(0)
    values = stored[y[0] : y[-1] + 1, x[0] : x[-1] + 1].astype(np.float64)
    if kind == "rectangle":
        return values.ravel()
    dx = (x + 0.5 - (left + right) / 2) / ((right - left) / 2)
    dy = (y + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2)
    chosen: NDArray[np.float64] = values[dx[None, :] * dx[None, :] + dy[:, None] * dy[:, None] <= 1]
    return chosen


def _angle(first: tuple[float, float], vertex: tuple[float, float], last: tuple[float, float]) -> float:
    ax, ay = first[0] - vertex[0], first[1] - vertex[1]
    bx, by = last[0] - vertex[0], last[1] - vertex[1]
    return math.degrees(math.atan2(abs(ax * by - ay * bx), ax * bx + ay * by))
