"""Layers against the regions that a reader drew: which pixels a region covers, and what `localisation` says of a layer then.

The browser does the same arithmetic while the reader draws (static/js/localisation.js), and both are held to the cases in
tests/evaluation/shared. Knows numbers and the domain's shapes only.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app import shapes
from app.domain import Extent, Localisation, Region, Shape
from app.evaluation import localisation
from app.grey import resample

LONGEST = 512
"""The longer side of the grid that figures are taken on; a film that is smaller is measured on its own pixels."""


def grid(rows: int, columns: int) -> tuple[int, int]:
    """The shape of the grid that a film of this size is measured on."""
    scale = min(1.0, LONGEST / max(rows, columns))
    return max(1, math.floor(rows * scale + 0.5)), max(1, math.floor(columns * scale + 0.5))


def mask(region: Region, film: tuple[float, float], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which cells of a grid ``shape`` laid over a film of (rows, columns) pixels have their centre in the region.

    A centre on a left or upper edge lies inside, on a right or lower edge outside, so that shapes that touch share no cell. A
    line that crosses itself encloses all it runs around (non-zero winding).
    """
    covered = np.zeros(shape, bool)
    for one in region.shapes:
        if one.kind == "ellipse":
            covered |= shapes.ellipse(_bounds(one), film, shape)
        else:
            covered |= shapes.outline(corners(one), film, shape)
    return covered


def contains(region: Region, x: float, y: float) -> bool:
    """Whether a point in image pixels lies in the region; edges as in `mask`."""
    return any(_holds(shape, x, y) for shape in region.shapes)


def _holds(shape: Shape, x: float, y: float) -> bool:
    if shape.kind == "ellipse":
        edge = shape.bounds()
        wide, high = (edge.right - edge.left) / 2, (edge.bottom - edge.top) / 2
        away = (x - (edge.left + edge.right) / 2, y - (edge.top + edge.bottom) / 2)
        return bool(wide and high) and (away[0] / wide) ** 2 + (away[1] / high) ** 2 <= 1
    turns = 0
    points = corners(shape)
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        if min(y0, y1) <= y < max(y0, y1) and x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x:
            turns += 1 if y1 > y0 else -1
    return turns != 0


def corners(shape: Shape) -> tuple[tuple[float, float], ...]:
    """The points of a shape's outline; those of a rectangle are its four corners."""
    return shapes.corners(_bounds(shape)) if shape.kind == "rectangle" else shape.points


def _bounds(shape: Shape) -> shapes.Bounds:
    edge = shape.bounds()
    return (edge.left, edge.top, edge.right, edge.bottom)


def localise(values: NDArray[np.float32], extent: Extent, regions: Mapping[int, Region], film: tuple[int, int]) -> Localisation:
    """The raw values of a layer (slices, height, width), each over ``extent`` of its image of ``film`` (rows, columns) pixels,
    against the true regions under the places of their slices, from 0.

    One slice alone is measured on the `grid` of its film. Of several, all count together on the layer's own grid: one
    threshold, one sum. Pointing is told at the layer's own resolution, by the point where it is highest over all slices
    (`localisation.peak`). Without a region no figure is defined.
    """
    if len(values) == 1:
        return _on_film(values[0], extent, regions.get(0, Region(())), film)
    truth = np.zeros(values.shape, bool)
    for place, region in regions.items():
        truth[place] = _cells(region, extent, values.shape[1:])
    return _localisation(values, truth, _pointing(values, extent, regions) if truth.any() else math.nan)


def _on_film(values: NDArray[np.float32], extent: Extent, region: Region, film: tuple[int, int]) -> Localisation:
    shape = grid(*film)
    truth = mask(region, film, shape)
    heat = resample(values, on_grid(extent, film, shape), shape)
    return _localisation(heat, truth, _pointing(values[None], extent, {0: region}) if truth.any() else math.nan)


def _localisation(heat: NDArray[np.float32], truth: NDArray[np.bool_], pointing: float) -> Localisation:
    return Localisation(
        pointing=_defined(pointing),
        iou=_defined(localisation.iou(heat, truth)),
        outside_inside=_defined(localisation.outside_inside(heat, truth)),
        mass=_defined(localisation.mass(heat, truth)),
    )


def _cells(region: Region, extent: Extent, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which cells of a map have their centre in a region of the image that the map covers in part."""
    moved = (replace(one, points=tuple((x - extent.left, y - extent.top) for x, y in one.points)) for one in region.shapes)
    rows, columns = shape
    return mask(Region(tuple(moved)), (extent.bottom - extent.top, extent.right - extent.left), (rows, columns))


def on_grid(extent: Extent, film: tuple[int, int], shape: tuple[int, int]) -> Extent:
    """An extent in image pixels in cells of a grid over the film."""
    return extent.seen_from(0, 0, shape[1] / film[1], shape[0] / film[0])


def _pointing(values: NDArray[np.float32], extent: Extent, regions: Mapping[int, Region]) -> float:
    found = localisation.peak(values)
    if found is None:
        return 0.0
    place, row, column = found
    x = extent.left + (column + 0.5) * (extent.right - extent.left) / values.shape[2]
    y = extent.top + (row + 0.5) * (extent.bottom - extent.top) / values.shape[1]
    return float(contains(regions.get(localisation.cell(place), Region(())), x, y))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
