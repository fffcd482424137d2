"""How a chest lies on its film: the affine between the film's pixels and one canonical frame, the same for every patient.

In closed form. Right lung, left lung and heart with mediastinum weigh alike, whatever their areas. The centre is the mean of
their centres. The angle is the mean of two, both of which any rotation turns along: that of the upright axis of the lungs'
pooled second moments, and that of the line from lung to lung, each beside what it is on an upright chest. Along the two axes
the root of the second moment, doubled, is the *lung half-size*: lungs reach about one half-size from the centre.

The canonical frame is a square of `SIZE` cells over `WINDOW` half-sizes to every side of the centre, x to the patient's left,
y downwards; positions in it are in cells, (0, 0) its left upper corner. Half a half-size beyond the lungs belongs to it: what
lies below a diaphragm and beside the ribs.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.reasons import SMALL, STRETCHED, TURNED
from app.anatomy.regions import LEFT_LUNG, PARTS, RIGHT_LUNG, Labels, unmeasurable
from app.domain import Extent

SIZE = 128
WINDOW = 1.5
CANONICAL = Extent(0, 0, SIZE, SIZE)
"""The canonical frame as a rectangle, in its own cells."""

FARTHEST = 35.0
"""A chest that leans more, in degrees, is refused."""
SLIMMEST, STOUTEST = 0.7, 2.0
"""Half-size across by half-size down; of 99 films with drawn masks all lie within 0.95 to 1.54."""
SMALLEST = 0.1
"""Of the mean of the map's sides."""
MEAN = (0.528, 0.477, 0.367, 0.318)
"""Where the centre lies on a film and how large the half-sizes are, as shares of its width and height: the medians of 87 whole
films of NIH's training patients."""

AXIS, LINE, ASPECT = float(np.radians(-3.4)), float(np.radians(-2.0)), 1.23
"""What an upright chest has: the lean of its lungs' upright axis and of the line from lung to lung (the heart takes the left
lung's lower part), and its half-size across by that down; means of 99 films with drawn masks."""

Points = NDArray[np.float64]
Moments = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NoPose:
    """A chest whose pose is refused, and why: a sentence of `app.anatomy.reasons`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a chest's centre lies on its film (x, y), how far it leans (degrees, clockwise as seen), and its half-sizes across
    and down, in pixels of the image. ``measured``: from what is on this film; a mean pose is not."""

    x: float
    y: float
    angle: float
    across: float
    down: float
    measured: bool = True

    @classmethod
    def fit(cls, labels: Labels, extent: Extent) -> "Pose | NoPose":
        """The pose of a cleaned map of labels over ``extent``, or why there is none."""
        reason = unmeasurable(labels)
        if reason:
            return NoPose(reason)
        found = [_moments(labels == code, extent) for code in PARTS]
        right, left = found[RIGHT_LUNG - 1], found[LEFT_LUNG - 1]
        centre = np.mean([middle for middle, _ in found], axis=0)
        spread = np.mean([own + np.outer(middle - centre, middle - centre) for middle, own in found], axis=0)
        axis, line = _upright((right[1] + left[1]) / 2), _from_to(right[0], left[0])
        angle = 0.0
        for _ in range(2):  # how an upright chest's own lean shows depends on how wide it is
            across, down = _along(spread, angle)
            wide = across / down / ASPECT
            angle = (axis - np.arctan(np.tan(AXIS) * wide) + line - np.arctan(np.tan(LINE) / wide)) / 2
        across, down = _along(spread, angle)
        if abs(angle) > np.radians(FARTHEST):
            return NoPose(TURNED)
        if not SLIMMEST <= across / down <= STOUTEST:
            return NoPose(STRETCHED)
        if min(across, down) < SMALLEST * (extent.right - extent.left + extent.bottom - extent.top) / 2:
            return NoPose(SMALL)
        return cls(float(centre[0]), float(centre[1]), float(np.degrees(angle)), float(across), float(down))

    @classmethod
    def mean(cls, film: Extent) -> "Pose":
        """The pose that films have on the average, for one whose own is not known; ``film`` is what was exposed of it."""
        width, height = film.right - film.left, film.bottom - film.top
        x, y, across, down = MEAN
        return cls(film.left + x * width, film.top + y * height, 0.0, across * width, down * height, measured=False)

    @classmethod
    def of(cls, numbers: tuple[float, ...], measured: bool = True) -> "Pose":
        """From x, y, angle, across and down."""
        x, y, angle, across, down = numbers
        return cls(x, y, angle, across, down, measured)

    def numbers(self) -> tuple[float, ...]:
        """As `of` takes them."""
        return self.x, self.y, self.angle, self.across, self.down

    @property
    def matrix(self) -> NDArray[np.float64]:
        """From half-sizes off the centre to pixels of the image, (2, 2)."""
        return _rotation(np.radians(self.angle)) @ np.diag([self.across, self.down])

    def forward(self, points: Points) -> Points:
        """Points (n, 2) as x, y in pixels of the image, in cells of the canonical frame."""
        away = (np.asarray(points, np.float64).reshape(-1, 2) - (self.x, self.y)) @ np.linalg.inv(self.matrix).T
        return np.asarray((away / WINDOW + 1) * (SIZE / 2), np.float64)

    def back(self, points: Points) -> Points:
        """Points (n, 2) in cells of the canonical frame, as x, y in pixels of the image."""
        away = (np.asarray(points, np.float64).reshape(-1, 2) / (SIZE / 2) - 1) * WINDOW
        return np.asarray(away @ self.matrix.T + (self.x, self.y), np.float64)

    def box(self, box: Extent) -> Extent:
        """The upright rectangle in the canonical frame around a rectangle of the image."""
        return _around(self.forward(_corners(box)))

    def box_back(self, box: Extent) -> Extent:
        """The upright rectangle of the image around a rectangle in the canonical frame."""
        return _around(self.back(_corners(box)))

    def window(self) -> Extent:
        """The rectangle of the image that the canonical frame lies in."""
        return self.box_back(CANONICAL)

    def warp(
        self, values: NDArray[np.generic], extent: Extent, size: int = SIZE, *, nearest: bool = False, fill: float = 0.0
    ) -> NDArray[np.float32]:
        """A map (h, w) over ``extent`` of the image, or the image itself, on the canonical frame: float32 (size, size).

        Bilinear; finer maps than the frame are averaged first. ``nearest`` keeps codes what they are. ``fill`` stands where
        nothing of the map is drawn.
        """
        plane = np.asarray(values, np.float32)
        pace = 2 * WINDOW * min(self.across, self.down) / size  # pixels of the image from cell to cell
        step = int(pace * min(plane.shape[0] / (extent.bottom - extent.top), plane.shape[1] / (extent.right - extent.left)))
        if step > 1 and not nearest:
            plane, extent = _coarser(plane, extent, step)
        at = self.back(_centres(CANONICAL, (size, size)))
        return _sampled(plane, extent, at, nearest, fill).reshape(size, size)

    def carry_back(
        self,
        values: NDArray[np.generic],
        extent: Extent,
        shape: tuple[int, int],
        *,
        nearest: bool = False,
        fill: float = 0.0,
        lies: Extent = CANONICAL,
    ) -> NDArray[np.float32]:
        """A map (h, w) over ``lies`` of the canonical frame, on a grid of ``shape`` over ``extent`` of the image, float32;
        ``fill`` beyond what is drawn of it."""
        at = self.forward(_centres(extent, shape))
        return _sampled(np.asarray(values, np.float32), lies, at, nearest, fill).reshape(shape)


def _moments(mask: NDArray[np.bool_], extent: Extent) -> tuple[Points, Moments]:
    """Centre (x, y) and second moments about it of a mask over ``extent``, in pixels of the image."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    x = extent.left + (columns + 0.5) * (extent.right - extent.left) / width
    y = extent.top + (rows + 0.5) * (extent.bottom - extent.top) / height
    return np.array([x.mean(), y.mean()]), np.cov(np.stack([x, y]), bias=True)


def _along(spread: Moments, angle: float) -> Points:
    """The half-sizes along two axes that are turned by an angle."""
    axes = _rotation(angle)
    return np.asarray(2 * np.sqrt(np.diag(axes.T @ spread @ axes)), np.float64)


def _upright(moments: Moments) -> float:
    """The angle of the long axis to the vertical, radians in ±π/4 for what is longer than wide."""
    return float(0.5 * np.arctan2(-2 * moments[0, 1], moments[1, 1] - moments[0, 0]))


def _from_to(one: Points, other: Points) -> float:
    """The angle of the line from one point to another, to the horizontal."""
    return float(np.arctan2(other[1] - one[1], other[0] - one[0]))


def _rotation(angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _corners(box: Extent) -> Points:
    return np.array([[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]], np.float64)


def _around(points: Points) -> Extent:
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return Extent(float(left), float(top), float(right), float(bottom))


def _centres(extent: Extent, shape: tuple[int, int]) -> Points:
    """The centres of a grid's cells, row by row: (rows · columns, 2)."""
    x = extent.left + (np.arange(shape[1]) + 0.5) * ((extent.right - extent.left) / shape[1])
    y = extent.top + (np.arange(shape[0]) + 0.5) * ((extent.bottom - extent.top) / shape[0])
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _coarser(plane: NDArray[np.float32], extent: Extent, step: int) -> tuple[NDArray[np.float32], Extent]:
    """The means of blocks of ``step`` × ``step`` cells, and what they cover; the last ones repeat the edge."""
    rows, columns = (-(-length // step) for length in plane.shape)
    padded = np.pad(plane, ((0, rows * step - plane.shape[0]), (0, columns * step - plane.shape[1])), mode="edge")
    means = padded.reshape(rows, step, columns, step).mean(axis=(1, 3), dtype=np.float32)
    right = extent.left + (extent.right - extent.left) * columns * step / plane.shape[1]
    bottom = extent.top + (extent.bottom - extent.top) * rows * step / plane.shape[0]
    return means, Extent(extent.left, extent.top, right, bottom, extent.drawn)


def _sampled(plane: NDArray[np.float32], extent: Extent, at: Points, nearest: bool, fill: float) -> NDArray[np.float32]:
    """The values of a map over ``extent`` at points (n, 2); clamped at its edge cells, ``fill`` beyond what is drawn."""
    height, width = plane.shape
    across = (at[:, 0] - extent.left) * width / (extent.right - extent.left) - 0.5
    down = (at[:, 1] - extent.top) * height / (extent.bottom - extent.top) - 0.5
    found = ndimage.map_coordinates(plane, [down, across], order=0 if nearest else 1, mode="nearest", prefilter=False)
    drawn = extent.drawn
    inside = (at[:, 0] >= drawn.left) & (at[:, 0] <= drawn.right) & (at[:, 1] >= drawn.top) & (at[:, 1] <= drawn.bottom)
    return cast("NDArray[np.float32]", np.where(inside, found, np.float32(fill)).astype(np.float32))
