"""The film's pixel grid in millimetres of the patient, and the strokes drawn on it.

Knows numpy and scipy, no anatomy. Lengths are millimetres; x runs to the right of the film (the patient's left), y downwards.
Everything that is drawn is a water-equivalent path length in millimetres, so that strokes simply add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

F32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

STREAMS = (
    "patient", "skeleton", "vessels", "mimics", "devices", "film", "noise", "severity", "tube", "sample",
    "Atelectasis", "Cardiomegaly", "Consolidation", "Effusion", "Mass", "Nodule", "Pneumothorax",
)  # fmt: skip


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one part of one phantom.

    Every part has its own stream: a finding that is added leaves the patient, the film and the noise exactly as they were.
    """
    return np.random.default_rng([seed, STREAMS.index(name)])


class Profile:
    """A smooth curve through a few points (monotone cubic), tabulated so that a whole film is looked up at once."""

    def __init__(self, at: Sequence[float], values: Sequence[float], step: float = 0.5) -> None:
        self.first, self.step = float(at[0]), step
        knots, heights = np.asarray(at, float), np.asarray(values, float)
        places = np.minimum(np.arange(at[0], at[-1] + step, step), at[-1])
        gap = np.diff(knots)
        rise = np.diff(heights) / gap
        slope = np.concatenate([rise[:1], np.zeros(len(gap) - 1), rise[-1:]])
        before, after = rise[:-1], rise[1:]
        same = before * after > 0  # Fritsch and Butland 1984: no slope beyond what keeps the curve monotone
        w1, w2 = 2 * gap[1:] + gap[:-1], gap[1:] + 2 * gap[:-1]
        slope[1:-1][same] = ((w1 + w2)[same]) / (w1[same] / before[same] + w2[same] / after[same])
        index = np.clip(np.searchsorted(knots, places, side="right") - 1, 0, len(gap) - 1)
        t, run = (places - knots[index]) / gap[index], gap[index]
        self.table: F32 = (
            (1 + 2 * t) * (1 - t) ** 2 * heights[index]
            + t**2 * (3 - 2 * t) * heights[index + 1]
            + run * (t * (1 - t) ** 2 * slope[index] - t**2 * (1 - t) * slope[index + 1])
        ).astype(np.float32)
        self.rise: F32 = np.append(np.diff(self.table), np.float32(0))

    def __call__(self, value: ArrayLike) -> F32:
        """The curve at ``value`` (any shape), linear between the table's entries, constant beyond the ends."""
        place = np.asarray(value, np.float32) * np.float32(1 / self.step)
        place = np.clip(place - np.float32(self.first / self.step), 0, np.float32(self.table.size - 1.001))
        index = place.astype(np.intp)
        part = place - index.astype(np.float32)
        return np.asarray(self.table.take(index) + self.rise.take(index) * part, np.float32)


def smoothstep(value: Floats, low: float, high: float) -> F32:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def curve(points: ArrayLike, step: float) -> NDArray[np.float64]:
    """A smooth line through ``points`` (n, d), sampled about every ``step`` mm: (m, d). Centripetal enough for anatomy."""
    given = np.asarray(points, float)
    gaps = np.linalg.norm(np.diff(given, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(gaps)])
    count = max(4, int(np.ceil(length[-1] / step)) + 1)
    at = np.linspace(0, length[-1], count)
    slope = np.gradient(given, length, axis=0)
    index = np.clip(np.searchsorted(length, at, side="right") - 1, 0, len(gaps) - 1)
    gap = gaps[index][:, None]
    t = ((at - length[index]) / gaps[index])[:, None]
    left, right = given[index], given[index + 1]
    cubic = (2 * t**3 - 3 * t**2 + 1) * left + (3 * t**2 - 2 * t**3) * right
    return np.asarray(cubic + gap * ((t**3 - 2 * t**2 + t) * slope[index] + (t**3 - t**2) * slope[index + 1]), float)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """``size`` × ``size`` square pixels of ``pixel`` mm; ``x`` and ``y`` are the patient's millimetres at their centres."""

    size: int
    pixel: float
    centre: tuple[float, float]
    roll: float
    x: F32
    y: F32

    @classmethod
    def make(cls, size: int, field: float, centre: tuple[float, float], roll: float) -> "Grid":
        """A film ``field`` mm wide, whose middle shows ``centre``, turned by ``roll`` radians."""
        pixel = field / size
        offset = ((np.arange(size) + 0.5) * pixel - field / 2).astype(np.float32)
        cos, sin = np.float32(np.cos(roll)), np.float32(np.sin(roll))
        x = offset[None, :] * cos - offset[:, None] * sin + np.float32(centre[0])
        y = offset[None, :] * sin + offset[:, None] * cos + np.float32(centre[1])
        return cls(size, pixel, centre, roll, x, y)

    def places(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points (n, 2) in mm to (columns, rows); whole numbers are pixel centres."""
        dx, dy = points[:, 0] - self.centre[0], points[:, 1] - self.centre[1]
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        half = self.size / 2 - 0.5
        return (dx * cos + dy * sin) / self.pixel + half, (dy * cos - dx * sin) / self.pixel + half

    def zeros(self) -> F32:
        """An empty layer."""
        return np.zeros((self.size, self.size), np.float32)

    def splat(self, points: NDArray[np.float64], volume: ArrayLike, sigma: float = 0.0) -> F32:
        """Matter of ``volume`` mm³ at each of ``points`` (n, 2), spread by ``sigma`` mm: thickness in mm (size, size).

        Volume is kept at every resolution: the same vessel is crisp at 1024 px and a faint grey at 128 px.
        """
        column, row = self.places(points)
        weight = np.broadcast_to(np.asarray(volume, float), column.shape) / self.pixel**2
        keep = (column > -1) & (row > -1) & (column < self.size) & (row < self.size)
        column, row, weight = column[keep], row[keep], weight[keep]
        film = self.zeros()
        if not column.size:
            return film
        spread = sigma / self.pixel
        margin = int(np.ceil(3 * spread)) + 1
        left, top = int(np.floor(column.min())) - margin, int(np.floor(row.min())) - margin
        width, height = int(column.max()) + margin + 3 - left, int(row.max()) + margin + 3 - top
        column, row = column - left, row - top
        first, above = column.astype(np.int64), row.astype(np.int64)
        fx, fy = column - first, row - above
        index = above * width + first
        places = np.concatenate([index, index + 1, index + width, index + width + 1])
        right, low = weight * fx, weight * (1 - fx)
        weights = np.concatenate([low * (1 - fy), right * (1 - fy), low * fy, right * fy])
        layer = np.bincount(places, weights, width * height).reshape(height, width).astype(np.float32)
        if spread > 0.3:
            layer = ndimage.gaussian_filter(layer, spread, truncate=3, mode="constant")
        rows = slice(max(top, 0), min(top + height, self.size))
        columns = slice(max(left, 0), min(left + width, self.size))
        film[rows, columns] = layer[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        return film

    def tube(
        self, points: ArrayLike, radius: float | tuple[float, float], wall: float | None = None, sigma: float = 0.4
    ) -> F32:
        """A round tube along ``points`` (n, 2), solid or with a ``wall`` in mm; a pair of radii tapers from first to last."""
        line = curve(points, self.pixel)
        steps = np.gradient(line, axis=0)
        length = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
        normal = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / length[:, None]
        first, last = radius if isinstance(radius, tuple) else (radius, radius)
        radii = np.linspace(first, last, len(line))
        run = np.cumsum(length)
        end = np.minimum(run, run[-1] - run) / np.maximum(radii, 1e-6)
        radii = radii * np.sqrt(np.clip(1 - (1 - np.minimum(end, 1)) ** 2, 0.02, 1))  # rounded ends
        count = int(np.clip(np.ceil(2.5 * max(first, last) / self.pixel), 3, 64))
        across = (np.arange(count) + 0.5) / count * 2 - 1
        chord = 2 * radii[:, None] * np.sqrt(1 - across[None] ** 2)
        if wall is not None:
            inner = np.maximum(radii - wall, 0)[:, None]
            chord = chord - 2 * np.sqrt(np.maximum(inner**2 - (across[None] * radii[:, None]) ** 2, 0))
        where = line[:, None] + normal[:, None] * (across[None, :, None] * radii[:, None, None])
        volume = chord * (2 * radii / count * length)[:, None]
        return self.splat(where.reshape(-1, 2), volume.ravel(), sigma)

    def ellipse(self, x: float, y: float, a: float, b: float, turn: float = 0.0) -> F32:
        """Squared distance from (x, y) in units of the half axes: below 1 inside the ellipse."""
        dx, dy = self.x - np.float32(x), self.y - np.float32(y)
        if turn:
            cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
        return np.asarray((dx / np.float32(a)) ** 2 + (dy / np.float32(b)) ** 2, np.float32)

    def cloud(self, rng: np.random.Generator, grain: float, order: int = 1) -> F32:
        """Smooth noise with grains of about ``grain`` mm, mean 0, deviation about 1; the same at every resolution."""
        cells = int(600 / grain) + 3
        lattice = rng.standard_normal((cells, cells), dtype=np.float32)
        lattice = ndimage.gaussian_filter(lattice, 0.7, mode="wrap")
        lattice /= lattice.std()
        where = [(self.y + 250) / grain, (self.x + 300) / grain]
        return np.asarray(ndimage.map_coordinates(lattice, where, order=order, mode="nearest"), np.float32)


def chord(distance: Floats) -> F32:
    """The path through a unit ball at squared distance ``distance`` from its centre, relative to the diameter."""
    return np.asarray(np.sqrt(np.maximum(1 - distance, 0)), np.float32)
