"""Which pixels of a film, or of a stack's slices, an area covers: those whose centre, (column + ½, row + ½), lies in it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app import shapes
from app.domain import Area, Edit, Layer
from app.errors import InputError, NotFound
from app.grey import resample

Mask = NDArray[np.bool_]
Shape = tuple[int, int]


def mask(edit: Edit, shape: Shape, maps: Mapping[str, Layer], places: Sequence[int] = (0,)) -> Mask:
    """The pixels that an edit fills, bool (slices, rows, columns), of the slices at these ``places`` of a stack, each of
    ``shape``; a film is a stack of one slice.

    ``maps`` holds the maps that hot areas name, by id. NotFound for one that is not there.
    """
    covered = np.zeros((len(places), *shape), bool)
    for area in edit.areas:
        mine = [at for at, place in enumerate(places) if not area.slices or place in area.slices]
        if area.kind == "hot":
            layer = _layer(area, maps)
            high = upper(layer)
            for at in mine:
                covered[at] |= hot(layer, area.threshold, shape, places[at], high)
        elif mine:
            covered[mine] |= drawn(area, shape)
    return ~covered if edit.outside else covered


def checked(covered: Mask) -> Mask:
    """What an edit fills of a whole stack, as `mask` gives it. InputError where no pixel is left to fill, or none to fill
    from."""
    if not covered.any():
        if len(covered) == 1:
            raise InputError("This edit covers no pixel of the film.")
        raise InputError("This edit covers no pixel of the stack.")
    if covered.all():
        if len(covered) == 1:
            raise InputError("This edit covers the whole film: nothing is left to fill it from.")
        raise InputError("This edit covers the whole stack: nothing is left to fill it from.")
    return covered


def drawn(area: Area, shape: Shape) -> Mask:
    """The pixels of a slice that a drawn area covers, bool (rows, columns)."""
    if area.kind == "brush":
        return _brush(area, shape)
    if area.kind == "ellipse":
        return shapes.ellipse(_bounds(area), shape, shape)
    points = shapes.corners(_bounds(area)) if area.kind == "rectangle" else area.points
    return shapes.outline(points, shape, shape)


def upper(layer: Layer) -> float:
    """The upper end of a map's colours: the 99.5th percentile of its size if it is signed, else of its positive values, of the
    slice where that is largest; 1 where values mean what they are."""
    if layer.scale == "unit":
        return 1.0
    sizes = (np.abs(values) if layer.signed else values[values > 0] for values in layer.values)
    return max((float(np.percentile(each, 99.5)) for each in sizes if each.size), default=0.0)


def hot(layer: Layer, threshold: float, shape: Shape, place: int = 0, high: float | None = None) -> Mask:
    """Where one slice of a map, laid over its image as the viewer does, is at least ``threshold`` times the upper end of its
    colours (``high``, where it is known already). Only values above zero count."""
    laid = resample(layer.values[place], layer.extent, shape)
    return np.asarray((laid > 0) & (laid >= threshold * (upper(layer) if high is None else high)))


def _layer(area: Area, maps: Mapping[str, Layer]) -> Layer:
    if area.explanation not in maps:
        raise NotFound("The map of this hot area is not stored here.")
    return maps[area.explanation]


def _bounds(area: Area) -> tuple[float, float, float, float]:
    across, down = zip(*area.points, strict=True)
    return min(across), min(down), max(across), max(down)


def _span(low: float, high: float, count: int) -> tuple[int, int]:
    """The first pixel whose centre is not before ``low``, and the one after the last that is not behind ``high``."""
    return int(np.clip(np.ceil(low - 0.5), 0, count)), int(np.clip(np.floor(high - 0.5) + 1, 0, count))


def _brush(area: Area, shape: Shape) -> Mask:
    """Pixels at most ``radius`` from the line through the points; each stretch is looked at in its own rectangle."""
    covered = np.zeros(shape, bool)
    rows, columns = shape
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
    return covered
