"""The grid on which a knee is laid out, and the solids that are laid on it.

Knows numpy and scipy, no anatomy. Two frames, both in millimetres. The *scanner's*: x to the patient's left, y to the back, z
to the head, but for the small turn of the planes (`app.phantoms.knee.scanner`); its axes are the grid's. The *knee's*: u from
medial to lateral, v from front to back, w from foot to head, nought in the middle of the joint line, in the measures of an
average adult. A left and a right knee, a small and a large one share the knee's frame.

A solid is a signed distance, negative inside, about in millimetres near its surface, so that a surface can lie between two grid
points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

F32 = NDArray[np.float32]
ENDS = 6.0
"""Over how many mm a column closes at its ends."""

Box = tuple[slice, slice, slice]
"""A part of the grid: slices of z, y and x."""

STREAMS = (
    "person", "lesions", "muscle", "marrow", "fluid", "protocol", "fluid budget", "noise", "vessels", "fat",
    "ACL discontinuity", "meniscal tear", "effusion", "bone bruise", "mimics", "menisci", "cruciates",
    "like ACL discontinuity", "like meniscal tear", "like effusion", "like bone bruise",
)  # fmt: skip


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one part of one knee: a lesion that is added leaves the rest of the person as it was."""
    return np.random.default_rng([seed, 1000 + STREAMS.index(name)])


def ramp(value: F32, low: float, high: float) -> F32:
    """0 at ``low``, 1 at ``high``, a cubic between, flat beyond; ``low`` may be the larger."""
    t = np.clip((value - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def union(a: F32, b: F32, soft: float) -> F32:
    """Two solids joined, their edge filleted over ``soft`` mm (polynomial smooth minimum)."""
    near = np.maximum(np.float32(soft) - np.abs(a - b), 0)
    return np.asarray(np.minimum(a, b) - near * near * np.float32(0.25 / soft), np.float32)


def intersection(a: F32, b: F32, soft: float) -> F32:
    """What two solids share, the edge rounded over ``soft`` mm."""
    return -union(-a, -b, soft)


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A grid of ``step`` mm and where the knee lies in it.

    ``x``, ``y``, ``z``: scanner mm along each axis. ``u``, ``v``, ``w``: knee mm at every grid point, float32
    (z, y, x). ``turn``: scanner to knee, a rotation; ``shift``: the joint's middle, scanner mm; ``scale``: scanner mm
    per knee's mm along u, v, w; ``side``: 1 for a left knee, −1 for a right one.
    """

    step: float
    x: F32
    y: F32
    z: F32
    u: F32
    v: F32
    w: F32
    turn: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]
    side: int

    @classmethod
    def make(
        cls, step: float, reach: Sequence[float], *, turn: NDArray[np.float64], shift: ArrayLike, scale: ArrayLike, side: int
    ) -> "Space":
        """A grid that covers ``reach`` (x from, x to, y from, y to, z from, z to)."""
        x, y, z = (
            (np.arange(low, high + step, step) + 0.0).astype(np.float32)
            for low, high in zip(reach[::2], reach[1::2], strict=True)
        )
        moved, sizes = np.asarray(shift, float), np.asarray(scale, float)
        rows = turn * np.array([[side], [1], [1]]) / sizes[:, None]
        start = -rows @ moved
        axes = [
            np.float32(row[2]) * z[:, None, None]
            + (np.float32(row[1]) * y[:, None] + (np.float32(row[0]) * x + np.float32(first)))
            for row, first in zip(rows, start, strict=True)
        ]
        return cls(step, x, y, z, axes[0], axes[1], axes[2], turn, moved, sizes, side)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Points along z, y and x."""
        return len(self.z), len(self.y), len(self.x)

    @property
    def everywhere(self) -> Box:
        """The whole grid."""
        return slice(0, len(self.z)), slice(0, len(self.y)), slice(0, len(self.x))

    def scanner(self, places: ArrayLike) -> NDArray[np.float64]:
        """Points of the knee (n, 3) as the scanner's x, y, z."""
        scaled = np.asarray(places, float) * self.scale * np.array([self.side, 1, 1])
        return np.asarray(scaled @ self.turn + self.shift, float)

    def knee(self, places: ArrayLike) -> NDArray[np.float64]:
        """Points of the scanner (n, 3) as the knee's u, v, w."""
        turned = (np.asarray(places, float) - self.shift) @ self.turn.T
        return np.asarray(turned * np.array([self.side, 1, 1]) / self.scale, float)

    def box(self, low: Sequence[float], high: Sequence[float], margin: float = 2.0) -> Box:
        """The part of the grid that holds the knee's u, v, w from ``low`` to ``high`` and ``margin`` mm more."""
        ends = np.array([low, high], float)
        corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
        placed = self.scanner(corners)
        first, last = placed.min(axis=0) - margin, placed.max(axis=0) + margin
        axes = (self.x, self.y, self.z)
        cuts = [slice(*np.searchsorted(axis, [a, b]).tolist()) for axis, a, b in zip(axes, first, last, strict=True)]
        return cuts[2], cuts[1], cuts[0]

    def inside(self, distance: F32) -> F32:
        """The share of every grid cell that lies within a solid."""
        return np.asarray(np.clip(0.5 - distance * np.float32(1 / self.step), 0, 1), np.float32)

    def ellipsoid(self, centre: Sequence[float], radii: Sequence[float], margin: float = 2.0) -> tuple[Box, F32]:
        """A box and the distance from an ellipsoid along u, v, w."""
        c, r = np.asarray(centre, float), np.asarray(radii, float)
        box = self.box(list(c - r), list(c + r), margin)
        return box, self.ball(box, centre, radii)

    def ball(self, box: Box, centre: Sequence[float], radii: Sequence[float]) -> F32:
        """The distance from an ellipsoid within ``box`` (first order: exact on the surface, signed everywhere)."""
        parts = [
            (axis[box] - np.float32(at)) * np.float32(1 / radius)
            for axis, at, radius in zip((self.u, self.v, self.w), centre, radii, strict=True)
        ]
        square = [part * part for part in parts]
        k0 = np.sqrt(square[0] + square[1] + square[2])
        k1 = np.sqrt(sum(each * np.float32(1 / radius**2) for each, radius in zip(square, radii, strict=True)))
        return np.asarray(k0 * (k0 - 1) / np.maximum(k1, np.float32(1e-4)), np.float32)

    def tube(
        self, points: ArrayLike, radii: ArrayLike, flat: Sequence[float] = (1, 1, 1), margin: float = 3.0
    ) -> tuple[Box, F32, F32]:
        """A tube along ``points`` (n, 3): its box, its distance, and how far along it each place lies, 0 to 1.

        ``flat`` shrinks the cross-section along u, v, w: 0.5 halves it.
        """
        line, sizes = np.asarray(points, float), np.broadcast_to(np.asarray(radii, float), len(np.asarray(points)))
        span = sizes.max() * np.asarray(flat, float)
        box = self.box(list(line.min(axis=0) - span), list(line.max(axis=0) + span), margin)
        place = [axis[box] * np.float32(1 / squeeze) for axis, squeeze in zip((self.u, self.v, self.w), flat, strict=True)]
        line = line / np.asarray(flat, float)
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        best = np.full(place[0].shape, np.float32(1e3))
        along = np.zeros(place[0].shape, np.float32)
        for first, last, r0, r1, l0, l1 in zip(line, line[1:], sizes, sizes[1:], lengths, lengths[1:], strict=False):
            run = last - first
            offset = [axis - np.float32(at) for axis, at in zip(place, first, strict=True)]
            part = sum(each * np.float32(step) for each, step in zip(offset, run, strict=True))
            t = np.clip(np.asarray(part, np.float32) * np.float32(1 / max(run @ run, 1e-9)), 0, 1)
            rest = [each - t * np.float32(step) for each, step in zip(offset, run, strict=True)]
            distance = np.sqrt(sum(each * each for each in rest)) - (np.float32(r0) + t * np.float32(r1 - r0))
            nearer = distance < best
            best = np.where(nearer, distance, best)
            along = np.where(nearer, (np.float32(l0) + t * np.float32(l1 - l0)) * np.float32(1 / lengths[-1]), along)
        return box, best.astype(np.float32), along

    def column(self, stations: Sequence[Sequence[float]], power: float = 2.0, margin: float = 3.0) -> tuple[Box, F32]:
        """A solid that runs up the leg: its box and its distance.

        ``stations``: (w, u, v, a, b) from foot to head: at height w an ellipse (superellipse of ``power``) around (u, v) with
        half axes a and b, smooth and monotone between. Its ends are round. The knee's turn moves it as a whole;
        cross-sections stay level.
        """
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - a server starts faster without; demo and tests draw

        given = np.asarray(stations, float)
        centres = self.scanner(given[:, [1, 2, 0]])
        level = centres[:, 2]
        rows = slice(*np.searchsorted(self.z, [level[0] - margin, level[-1] + margin]).tolist())
        z = self.z[rows]
        stated = np.column_stack([centres[:, :2], given[:, 3:] * self.scale[:2]])
        smooth = PchipInterpolator(level, stated, axis=0)(np.clip(z, level[0], level[-1])).T
        at = smooth[:2]
        part = np.clip(np.minimum(z - level[0], level[-1] - z) / ENDS, 0, 1)
        a, b = np.maximum(smooth[2:] * np.sqrt(part * (2 - part)), 0.05)
        columns = slice(*np.searchsorted(self.x, [(at[0] - a).min() - margin, (at[0] + a).max() + margin]).tolist())
        lines = slice(*np.searchsorted(self.y, [(at[1] - b).min() - margin, (at[1] + b).max() + margin]).tolist())
        dx = np.abs((self.x[None, columns] - at[0][:, None]) / a[:, None]).astype(np.float32)
        dy = np.abs((self.y[None, lines] - at[1][:, None]) / b[:, None]).astype(np.float32)
        square = (dx ** np.float32(power))[:, None, :] + (dy ** np.float32(power))[:, :, None]
        gx, gy = (part ** np.float32(power - 1) / half[:, None] for part, half in ((dx, a), (dy, b)))
        slope = np.sqrt((gx * gx).astype(np.float32)[:, None, :] + (gy * gy).astype(np.float32)[:, :, None])
        side = (square - 1) / np.maximum(np.float32(power) * slope, np.float32(1e-4))
        cap = np.maximum(z - level[-1], level[0] - z).astype(np.float32)[:, None, None]
        return (rows, lines, columns), np.asarray(np.maximum(side, cap), np.float32)

    def cloud(self, rng: np.random.Generator, grain: float, box: Box | None = None) -> F32:
        """Smooth noise with grains of about ``grain`` mm, mean 0, deviation about 1, the same at every ``step``."""
        cells = [int(np.ceil(170 / grain)) + 3] * 3
        lattice = rng.standard_normal(cells, dtype=np.float32)
        lattice = ndimage.gaussian_filter(lattice, 0.6, mode="wrap")
        lattice /= lattice.std()
        box = box or self.everywhere
        deep, *places = ((axis[cut] + 85) / np.float32(grain) for axis, cut in zip((self.z, self.y, self.x), box, strict=True))
        weights = [np.maximum(1 - np.abs(place[:, None] - np.arange(cells[0], dtype=np.float32)), 0) for place in places]
        # Of the lattice's layers the two beside each place alone: a product with all of them takes most of a drawing's time.
        below = np.clip(np.floor(deep), 0, cells[0] - 2).astype(np.intp)
        part = np.clip(deep - below, 0, 1).astype(np.float32)[:, None, None]
        level = lattice[below] * (1 - part) + lattice[below + 1] * part
        return np.asarray(np.matmul(weights[0], level) @ weights[1].T, np.float32)
