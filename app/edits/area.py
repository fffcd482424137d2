"""Which pixels of a film an area covers: those whose centre, (column + ½, row + ½), lies in it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app import shapes
from app.domain import Area, Edit, Layer
from app.errors import InputError, NotFound
from app.grey import resample

Mask = NDArray[np.bool_]
Shape = tuple[int, int]


def mask(edit: Edit, shape: Shape, maps: Mapping[str, Layer]) -> Mask:
    """The pixels that an edit fills, bool (rows, columns).

    ``maps`` holds the maps that hot areas name, by id. NotFound for one that is not there; InputError where no pixel is left to
    fill, or none to fill from.
    """
    covered = np.zeros(shape, bool)
    for area in edit.areas:
        if area.kind == "hot":
            covered |= _hot(area, shape, maps)
        elif area.kind == "brush":
            _brush(area, covered)
        elif area.kind == "ellipse":
            covered |= shapes.ellipse(_bounds(area), shape, shape)
        elif area.kind == "rectangle":
            covered |= shapes.outline(shapes.corners(_bounds(area)), shape, shape)
        else:
            covered |= shapes.outline(area.points, shape, shape)
    if edit.outside:
        covered = ~covered
    if not covered.any():
        raise InputError("This edit covers no pixel of the film.")
    if covered.all():
        raise InputError("This edit covers the whole film: nothing is left to fill it from.")
    return covered


def hot(layer: Layer, threshold: float, shape: Shape) -> Mask:
    """Where a map of one slice, laid over the film as the viewer does, is at least ``threshold`` times the upper end of its
    colours: the 99.5th percentile of its size if it is signed, else of its positive values; 1 where they mean what they are.
    Only values above zero count."""
    (values,) = layer.values
    sizes = np.abs(values) if layer.signed else values[values > 0]
    high = float(np.percentile(sizes, 99.5)) if sizes.size else 0.0
    high = 1.0 if layer.scale == "unit" else high
    laid = resample(values, layer.extent, shape)
    return np.asarray((laid > 0) & (laid >= threshold * high))


def _hot(area: Area, shape: Shape, maps: Mapping[str, Layer]) -> Mask:
    if area.explanation not in maps:
        raise NotFound("The map of this hot area is not stored for this film.")
    return hot(maps[area.explanation], area.threshold, shape)


def _bounds(area: Area) -> tuple[float, float, float, float]:
    across, down = zip(*area.points, strict=True)
    return min(across), min(down), max(across), max(down)


def _span(low: float, high: float, count: int) -> tuple[int, int]:
    """The first pixel whose centre is not before ``low``, and the one after the last that is not behind ``high``."""
    return int(np.clip(np.ceil(low - 0.5), 0, count)), int(np.clip(np.floor(high - 0.5) + 1, 0, count))


def _brush(area: Area, covered: Mask) -> None:
    """Pixels at most ``radius`` from the line through the points; each stretch is looked at in its own rectangle."""
    rows, columns = covered.shape
    radius = area.radius
    starts = area.points[:-1] or area.points
    for (x0, y0), (x1, y1) in zip(starts, area.points[1:] or area.points, strict=True):
        left, right = _span(min(x0, x1) - radius, max(x0, x1) + radius, columns)
        top, bottom = _span(min(y0, y1) - radius, max(y0, y1) + radius, rows)
        x = np.arange(left, right)[None] + (0.5 - x0)
        y = np.arange(top, bottom)[:, None] + (0.5 - y0)
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        along = np.clip((x * dx + y * dy) / length, 0.0, 1.0) if length else np.zeros((1, 1))
        covered[top:bottom, left:right] |= (x - along * dx) ** 2 + (y - along * dy) ** 2 <= radius * radius
