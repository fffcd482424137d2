"""Which cells of a grid laid over a film an outline or an ellipse covers: those whose centre lies in it.

Knows numpy only; regions that readers draw and areas that are edited are covered alike.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Size = tuple[int, int]
Film = tuple[float, float]
"""Rows and columns of a film, or of the part of one, in image pixels."""
Bounds = tuple[float, float, float, float]


def corners(bounds: Bounds) -> tuple[Point, ...]:
    """The outline of a rectangle: left, top, right, bottom as four points (x, y)."""
    left, top, right, bottom = bounds
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def centres(count: int, length: float) -> NDArray[np.float64]:
    """Where the centres of ``count`` cells lie that share ``length`` pixels."""
    return np.asarray((np.arange(count) + 0.5) * (length / count), np.float64)


def ellipse(bounds: Bounds, film: Film, size: Size) -> NDArray[np.bool_]:
    """The cells of a grid ``size`` (rows, columns) over a film of (rows, columns) pixels that an ellipse in its box covers."""
    left, top, right, bottom = bounds
    wide, high = (right - left) / 2, (bottom - top) / 2
    if wide <= 0 or high <= 0:
        return np.zeros(size, bool)
    across = ((centres(size[1], film[1]) - (left + right) / 2) / wide) ** 2
    down = ((centres(size[0], film[0]) - (top + bottom) / 2) / high) ** 2
    return np.add.outer(down, across) <= 1


def outline(points: Sequence[Point], film: Film, size: Size) -> NDArray[np.bool_]:
    """The cells of a grid ``size`` over a film that a closed outline of points (x, y) in image pixels covers, non-zero winding.

    By scan lines: each edge that crosses a row of centres adds its direction to all cells from the crossing on. A centre on a
    left or upper edge lies inside, on a right or lower edge outside, so that outlines that touch share no cell.
    """
    rows, columns = size
    step = film[1] / columns
    heights = centres(rows, film[0])
    turns = np.zeros((rows, columns + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        crossed = np.flatnonzero((heights >= min(y0, y1)) & (heights < max(y0, y1)))
        if crossed.size:
            at = x0 + (heights[crossed] - y0) * ((x1 - x0) / (y1 - y0))
            first = np.clip(np.ceil(at / step - 0.5), 0, columns).astype(np.int64)
            np.add.at(turns, (crossed, first), 1 if y1 > y0 else -1)
    return np.asarray(np.cumsum(turns[:, :columns], axis=1) != 0)
